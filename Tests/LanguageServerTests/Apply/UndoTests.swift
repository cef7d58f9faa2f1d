import AgentProtocol
import Git
import Testing

@testable import LanguageServer

@Suite("Undoing an apply", .timeLimit(.minutes(10))) struct UndoTests {
    let folder: TemporaryFolder
    let state: TemporaryFolder
    let engine: ApplyEngine

    init() throws {
        folder = try TemporaryFolder()
        state = try TemporaryFolder()
        engine = ResultTools.engine(folder, state)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func apply(_ files: FileDifference...) async -> ApplyEngine.Outcome {
        await engine.apply(files, ResultSelection(paths: nil, hunks: nil), label: "")
    }

    @Test("Files of every kind are as they were, from a record on disk; applied again they are as applied")
    func everyKind() async throws {
        try folder.write("changed", "old\r\n", mode: 0o755)
        try folder.write("dir/gone", "x")
        try folder.write("was-file", "f\n")
        folder.link("link", to: "changed")
        folder.link("was-link", to: "changed")
        let files = [
            try ResultTools.difference(
                "changed", bytes("old\r\n"), bytes("new\r\n"), oldMode: .executable, newMode: .executable),
            try ResultTools.difference("dir/gone", bytes("x"), nil),
            try ResultTools.difference("made/empty", nil, bytes("")),
            try ResultTools.difference("was-file", bytes("f\n"), bytes("dir/x"), newMode: .symbolicLink),
            try ResultTools.difference(
                "link", bytes("changed"), bytes("made/empty"), oldMode: .symbolicLink, newMode: .symbolicLink),
            try ResultTools.difference("was-link", bytes("changed"), bytes("plain\n"), oldMode: .symbolicLink),
            try ResultTools.difference("new-link", nil, bytes("link"), newMode: .symbolicLink),
        ]
        for _ in 0..<2 {
            let outcome = await engine.apply(files, ResultSelection(paths: nil, hunks: nil), label: "")
            #expect(outcome.conflicts.isEmpty && outcome.applied.count == 7 && outcome.trouble == nil)
            #expect(folder.read("changed") == "new\r\n")
            #expect(folder.mode("changed") == 0o755)
            #expect(folder.names == ["changed", "link", "made", "new-link", "was-file", "was-link"])
            #expect(folder.target("was-file") == "dir/x")
            #expect(folder.target("link") == "made/empty")
            #expect(folder.target("new-link") == "link")
            #expect(folder.target("was-link") == nil)
            // Another program, later.
            let later = ResultTools.engine(folder, state)
            let undone = try #require(await later.undo(label: ""))
            #expect(undone.conflicts.isEmpty && undone.applied.count == 7 && undone.left == 0)
            #expect(folder.names == ["changed", "dir", "link", "was-file", "was-link"])
            #expect(folder.read("changed") == "old\r\n")
            #expect(folder.read("dir/gone") == "x")
            #expect(folder.target("was-file") == nil)
            #expect(folder.read("was-file") == "f\n")
            #expect(folder.target("link") == "changed")
            #expect(folder.target("was-link") == "changed")
            #expect(await later.undo(label: "") == nil)
        }
    }

    @Test("What a program that was killed had written can be undone, and what it had not is left alone")
    func cutShort() async throws {
        try folder.write("a", "new a")
        try folder.write("b", "old b")
        func images(_ before: String, _ after: String) -> ApplyPlan.Images {
            .init(before: .file(bytes(before), executable: false), after: .file(bytes(after), executable: false))
        }
        _ = try engine.memory.update("s1", folder.path) {
            $0.begin("x", ["a": images("old a", "new a"), "b": images("old b", "new b")])
        }
        let undone = try #require(await engine.undo(label: ""))
        #expect(undone.conflicts.isEmpty && undone.left == 0)
        #expect(folder.read("a") == "old a" && folder.read("b") == "old b")
    }

    @Test("What the user changed since is kept, or stands between markers")
    func merged() async throws {
        try folder.write("a", "1\n2\n3\n4\n5\n")
        _ = await apply(try ResultTools.difference("a", "1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n"))
        try folder.write("a", "one\n2\n3\n4\nfive\n")
        let first = try #require(await engine.undo(label: ""))
        #expect(first.conflicts.isEmpty)
        #expect(folder.read("a") == "1\n2\n3\n4\nfive\n")
        _ = await apply(try ResultTools.difference("a", "1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n"))
        try folder.write("a", "mine\n2\n3\n4\nfive\n")
        let second = try #require(await engine.undo(label: ""))
        #expect(second.conflicts.map(\.path) == ["a"])
        #expect(folder.read("a")?.contains("<<<<<<< yours\nmine\n=======\n1\n>>>>>>> session s1\n") == true)
    }

    @Test("A file that was made is left when it is the user's by now")
    func left() async throws {
        _ = await apply(try ResultTools.difference("new", nil, "n\n"), try ResultTools.difference("other", nil, "o\n"))
        try folder.write("new", "n\nmine\n")
        let outcome = try #require(await engine.undo(label: ""))
        #expect(outcome.applied == ["other"])
        #expect(outcome.conflicts.map(\.path) == ["new"])
        #expect(folder.names == ["new"])
        #expect(outcome.left == 1, "what was not undone can still be")
        try folder.write("new", "n\n")
        #expect(await engine.undo(label: "")?.applied == ["new"])
        #expect(folder.names.isEmpty)
    }

    @Test("The record is the user's alone, goes with age, and is of one folder")
    func record() async throws {
        let memory = ApplyMemory(stateDirectory: state.path)
        _ = await apply(try ResultTools.difference("new", nil, "secret\n"))
        let place = try #require(TemporaryFolder.names(memory.directory).first { $0 != "lock" })
        #expect(state.mode("applied/\(place)/s1.json") == 0o600)
        #expect(state.mode("applied") == 0o700)
        #expect(memory.newest(in: folder.path)?.session == "s1")
        let other = try TemporaryFolder()
        #expect(memory.newest(in: other.path) == nil)
        #expect(memory.load("s1", other.path).operations.isEmpty)
        try state.write("applied/\(place)/old.json", "{}")
        state.age("applied/\(place)/old.json", seconds: ApplyMemory.longestAge + 60)
        try state.write("applied/\(place)/broken.json", "{")
        _ = await apply(try ResultTools.difference("second", nil, "x\n"))
        #expect(TemporaryFolder.names("\(memory.directory)/\(place)") == ["broken.json", "s1.json"])
        #expect(memory.newest(in: folder.path)?.operations.count == 2)
    }

    @Test("Records are bounded: the eldest applies go first")
    func bounded() {
        var record = ApplyRecord(session: "s", folder: "/f")
        for count in 0..<60 {
            record.apply(
                ["f": .init(before: .file([UInt8(count)], executable: false), after: .absent)],
                ["f": .init(image: .absent, hunks: [])])
        }
        #expect(record.operations.count == ApplyRecord.mostOperations)
        #expect(record.operations.first?.files["f"]?.before == .file([10], executable: false))
        let large = [UInt8](repeating: 1, count: ApplyRecord.mostBytes / 2 + 1)
        record.apply(["g": .init(before: .absent, after: .file(large, executable: false))], [:])
        record.apply(["g": .init(before: .file(large, executable: false), after: .absent)], [:])
        #expect(record.operations.count == 1)
        #expect(record.operations.first?.files["g"]?.after == .absent)
    }

    @Test("Undone hunk by hunk")
    func byHunk() async throws {
        let old = "a\nb\nc\n1\n2\n3\n4\n5\n6\n7\nx\ny\nz\n"
        let new = "A\nb\nc\n1\n2\n3\n4\n5\n6\n7\nx\nZ\n"
        try folder.write("f", old)
        let file = try ResultTools.difference("f", old, new)
        let ids = try #require(file.hunks).map(\.id)
        _ = await engine.apply(file, ids: [ids[0]])
        _ = await engine.apply(file, ids: [ids[1]])
        #expect(await engine.undo(label: "")?.left == 1)
        #expect(folder.read("f") == old.replacing("a\n", with: "A\n"))
        _ = await engine.apply(file, ids: [ids[1]])
        #expect(folder.read("f") == new)
        _ = await engine.undo(label: "")
        _ = await engine.undo(label: "")
        #expect(folder.read("f") == old)
    }
}
