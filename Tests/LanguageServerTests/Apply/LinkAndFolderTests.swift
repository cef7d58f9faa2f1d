import AgentProtocol
import Git
import Testing

@testable import LanguageServer

@Suite("Links, folders and modes", .timeLimit(.minutes(10))) struct LinkAndFolderTests {
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

    @Test(arguments: [
        "/etc/passwd", "..", "../x", "a/../../x", "a/../b", ".git", ".git/hooks", "sub/.GIT/config", ".", "", "a\0b",
    ])
    func linksThatLeadOutAreRefused(target: String) async throws {
        let outcome = await apply(try ResultTools.difference("l", nil, bytes(target), newMode: .symbolicLink))
        #expect(outcome.conflicts.map(\.path) == ["l"])
        #expect(folder.names.isEmpty)
    }

    @Test(arguments: ["x", "sub/x", "./x", "../top", "../other/x"])
    func linksInsideAreMade(target: String) async throws {
        let outcome = await apply(try ResultTools.difference("sub/l", nil, bytes(target), newMode: .symbolicLink))
        #expect(outcome.conflicts.isEmpty)
        #expect(folder.target("sub/l") == target)
    }

    @Test func aLinkInTheWayIsNotFollowed() async throws {
        let outside = try TemporaryFolder()
        try outside.write("f", "x\n")
        folder.link("f", to: outside.file("f"))
        folder.link("dir", to: outside.path)
        let outcome = await apply(
            try ResultTools.difference("f", "x\n", "y\n"), try ResultTools.difference("dir/f", "x\n", "y\n"),
            try ResultTools.difference("dir/new", nil, "y\n"),
            try ResultTools.difference("dir/l", nil, bytes("x"), newMode: .symbolicLink))
        #expect(outcome.applied.isEmpty)
        #expect(outcome.conflicts.map(\.path).sorted() == ["dir/f", "dir/l", "dir/new", "f"])
        #expect(outside.names == ["f"] && outside.read("f") == "x\n")
    }

    @Test func linksThatTheUserChangedStay() async throws {
        folder.link("l", to: "mine")
        let outcome = await apply(
            try ResultTools.difference("l", bytes("old"), bytes("new"), oldMode: .symbolicLink, newMode: .symbolicLink))
        #expect(outcome.conflicts.count == 1)
        #expect(folder.target("l") == "mine")
    }

    @Test func aFileWhereAFolderWas() async throws {
        try folder.write("p/a", "a\n")
        try folder.write("p/b/c", "c\n")
        let files = [
            try ResultTools.difference("p", nil, "file\n"), try ResultTools.difference("p/a", "a\n", nil),
            try ResultTools.difference("p/b/c", "c\n", nil),
        ]
        let outcome = await engine.apply(files, ResultSelection(paths: nil, hunks: nil), label: "")
        #expect(outcome.conflicts.isEmpty)
        #expect(folder.read("p") == "file\n")
        let undone = await engine.undo(label: "")
        #expect(undone?.conflicts.isEmpty == true)
        #expect(folder.read("p/a") == "a\n" && folder.read("p/b/c") == "c\n")
        // Something of the user's own is in it.
        try folder.write("p/mine", "m\n")
        let second = await engine.apply(files, ResultSelection(paths: nil, hunks: nil), label: "")
        #expect(second.conflicts.map(\.path) == ["p"])
        #expect(folder.read("p/mine") == "m\n")
    }

    @Test func aFolderWhereAFileWas() async throws {
        try folder.write("p", "file\n")
        let outcome = await apply(
            try ResultTools.difference("p", "file\n", nil), try ResultTools.difference("p/a/b", nil, "b\n"))
        #expect(outcome.conflicts.isEmpty)
        #expect(folder.read("p/a/b") == "b\n")
        #expect(await engine.undo(label: "")?.conflicts.isEmpty == true)
        #expect(folder.read("p") == "file\n")
    }

    @Test func theUsersOwnModeAndLineEndsStay() async throws {
        try folder.write("run", "one\r\ntwo\r\n", mode: 0o755)
        let outcome = await apply(try ResultTools.difference("run", "one\ntwo\n", "one\n2\n"))
        #expect(outcome.conflicts.isEmpty)
        #expect(folder.read("run") == "one\r\n2\r\n")
        #expect(folder.mode("run") == 0o755)
    }

    @Test func theModeAloneLeavesTheContents() async throws {
        try folder.write("run", "mine\n", mode: 0o640)
        let outcome = await apply(
            try ResultTools.difference("run", bytes("mine\n"), bytes("mine\n"), newMode: .executable))
        #expect(outcome.applied == ["run"])
        #expect(folder.mode("run") == 0o750)
        _ = await engine.undo(label: "")
        #expect(folder.mode("run") == 0o640)
    }
}
