import AgentProtocol
import Git
import TestSupport
import Testing

@testable import LanguageServer

@Suite("Applying by hunk", .timeLimit(.minutes(10))) struct HunkTests {
    let folder: TemporaryFolder
    let state: TemporaryFolder
    let engine: ApplyEngine

    init() throws {
        folder = try TemporaryFolder()
        state = try TemporaryFolder()
        engine = ResultTools.engine(folder, state)
    }

    private static let old = "a\nb\nc\n1\n2\n3\n4\n5\n6\n7\nx\ny\nz"
    private static let new = "A\nb\nc\n1\n2\n3\n4\n5\n6\n7\nx\nZ\n"

    @Test("One now, one later; what is there is not written again")
    func oneByOne() async throws {
        try folder.write("f", Self.old)
        let file = try ResultTools.difference("f", Self.old, Self.new)
        let ids = try #require(file.hunks).map(\.id)
        #expect(ids.count == 2 && Set(ids).count == 2)
        #expect(await engine.apply(file, ids: [ids[1]]).applied == ["f"])
        #expect(folder.read("f") == "a\nb\nc\n1\n2\n3\n4\n5\n6\n7\nx\nZ\n")
        #expect(await engine.apply(file, ids: [ids[0]]).conflicts.isEmpty)
        #expect(folder.read("f") == Self.new)
        let again = await engine.apply(file, ids: ids)
        #expect(again.applied == ["f"] && again.left == 2, "nothing to do is nothing to undo")
    }

    @Test("What the user changed meanwhile is merged; the same lines stand between markers")
    func merged() async throws {
        let file = try ResultTools.difference("f", Self.old, Self.new)
        let ids = try #require(file.hunks).map(\.id)
        try folder.write("f", Self.old.replacing("5\n", with: "five\n"))
        #expect(await engine.apply(file, ids: [ids[0]]).conflicts.isEmpty)
        #expect(folder.read("f") == Self.old.replacing("5\n", with: "five\n").replacing("a\n", with: "A\n"))
        try folder.write("f", "A\nb\nc\n1\n2\n3\n4\nfive\n6\n7\nx\ny\nmine")
        let outcome = await engine.apply(file, ids: [ids[1]])
        #expect(outcome.conflicts == [ApplyConflict(path: "f", reason: MergedFile.markersNotice)])
        #expect(folder.read("f")?.contains("<<<<<<< yours\ny\nmine\n=======\nZ\n>>>>>>> session s1\n") == true)
        // Resolved, the rest of it is what was applied before.
        try folder.write("f", "A\nb\nc\n1\n2\n3\n4\nfive\n6\n7\nx\nZ or mine\n")
        #expect(await engine.apply(file, ids: nil).conflicts.isEmpty)
        #expect(folder.read("f")?.hasSuffix("Z or mine\n") == true)
    }

    @Test("A later result takes over from a part of the one before")
    func later() async throws {
        try folder.write("f", Self.old)
        let first = try ResultTools.difference("f", Self.old, Self.new)
        _ = await engine.apply(first, ids: [try #require(first.hunks?.first).id])
        let last = Self.new.replacing("A\n", with: "AA\n").replacing("7\n", with: "seven\n")
        let second = try ResultTools.difference("f", Self.old, last)
        let ids = try #require(second.hunks).map(\.id)
        #expect(await engine.apply(second, ids: [ids[0]]).conflicts.isEmpty)
        #expect(folder.read("f") == Self.old.replacing("a\n", with: "AA\n"))
        #expect(await engine.apply(second, ids: nil).conflicts.isEmpty)
        #expect(folder.read("f") == last)
    }

    @Test("A change in a hunk by itself, and the executable bit")
    func parts() async throws {
        try folder.write("f", "a\nb\nc\n")
        let file = try ResultTools.difference(
            "f", Array("a\nb\nc\n".utf8), Array("A\nb\nC\n".utf8), newMode: .executable)
        let hunk = try #require(file.hunks?.first)
        #expect(hunk.changes.count == 2)
        _ = await engine.apply(file, ids: [hunk.changes[1].id])
        #expect(folder.read("f") == "a\nb\nC\n")
        #expect(folder.mode("f") == 0o644)
        _ = await engine.apply(file, ids: [ResultSelection.modeID])
        #expect(folder.read("f") == "a\nb\nC\n")
        #expect(folder.mode("f") == 0o755)
        _ = await engine.apply(file, ids: nil)
        #expect(folder.read("f") == "A\nb\nC\n")
    }

    @Test("A hunk that the session has changed meanwhile is not guessed at")
    func unknown() async throws {
        try folder.write("f", Self.old)
        let file = try ResultTools.difference("f", Self.old, Self.new)
        let outcome = await engine.apply(file, ids: ["0123"])
        #expect(outcome.applied.isEmpty && outcome.conflicts.first?.reason.contains("look at the diff again") == true)
        #expect(folder.read("f") == Self.old)
    }

    @Test("What was taken out by hand comes again when it is chosen again")
    func again() async throws {
        try folder.write("f", Self.old)
        let file = try ResultTools.difference("f", Self.old, Self.new)
        let ids = try #require(file.hunks).map(\.id)
        _ = await engine.apply(file, ids: ids)
        try folder.write("f", Self.new.replacing("A\n", with: "a\n"))
        _ = await engine.apply(file, ids: [ids[0]])
        #expect(folder.read("f") == Self.new)
    }

    @Test("Random subsets in random order end where all at once does", arguments: 0..<20)
    func anyOrder(seed: UInt64) async throws {
        var generator = SeededGenerator(seed)
        for round in 0..<10 {
            let old = RandomText.text(&generator)
            let new = RandomText.edited(old, &generator)
            guard old != new else { continue }
            try folder.write("f", old)
            let engine = ResultTools.engine(folder, state, session: "s\(round)")
            let file = try ResultTools.difference("f", old, new)
            var rest = try #require(file.hunks).flatMap(\.changes).map(\.id).shuffled(using: &generator)
            while !rest.isEmpty {
                let part = Array(rest.prefix(Int.random(in: 1...3, using: &generator)))
                rest.removeFirst(part.count)
                #expect(await engine.apply(file, ids: part).conflicts.isEmpty, "seed \(seed), round \(round)")
            }
            #expect(folder.bytes("f") == new, "seed \(seed), round \(round)")
            while await engine.undo(label: "")?.conflicts.isEmpty == true {}
            #expect(folder.bytes("f") == old, "undone: seed \(seed), round \(round)")
        }
    }

    @Test("A part of a result and a user's edits come out as `git merge-file` has them", arguments: 0..<20)
    func asGit(seed: UInt64) async throws {
        var generator = SeededGenerator(seed)
        let scratch = try TemporaryFolder()
        for round in 0..<50 {
            let old = RandomText.text(&generator)
            let (new, mine) = (RandomText.edited(old, &generator), RandomText.edited(old, &generator))
            guard old != new else { continue }
            try folder.write("f", mine)
            let file = try ResultTools.difference("f", old, new)
            let hunks = try #require(file.hunks)
            let ids = hunks.flatMap(\.changes).map(\.id).filter { _ in Bool.random(using: &generator) }
            let lines = try #require(HunkLines(old: old, new: new, hunks: hunks))
            let theirs = lines.applying(Set(ids))
            for (name, bytes) in [("base", old), ("ours", mine), ("theirs", theirs)] { try scratch.write(name, bytes) }
            let told = try HostCommand.run(
                [
                    "git", "-c", "merge.conflictStyle=merge", "merge-file", "-p", "-L", "yours", "-L", "base", "-L",
                    "session r\(round)", "ours", "base", "theirs",
                ], in: scratch.path)
            let engine = ResultTools.engine(folder, state, session: "r\(round)")
            let outcome = await engine.apply(file, ids: ids)
            #expect(folder.bytes("f") == Array(told.output), "seed \(seed), round \(round)")
            #expect(outcome.conflicts.isEmpty == (told.exitCode == 0), "seed \(seed), round \(round)")
        }
    }
}

/// Texts whose lines are met again, which is what makes differences and merges hard.
enum RandomText {
    private static let words = ["", "a", "b", "  c", "}", "{", "return x", "\t", "Ö", "if y {", "end"]

    static func text(_ generator: inout SeededGenerator) -> [UInt8] {
        let lines = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
            (words.randomElement(using: &generator) ?? "") + (Bool.random(using: &generator) ? "" : "1")
        }
        return joined(lines, &generator)
    }

    static func edited(_ text: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        // A carriage return stays with its line: as characters, the two would be one.
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
            let place = Int.random(in: 0...lines.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: lines.insert(words.randomElement(using: &generator) ?? "", at: place)
            case 1 where place < lines.count: lines.remove(at: place)
            case 2 where place < lines.count: lines[place] += "x"
            default: break
            }
        }
        return Array(lines.joined(separator: "\n").utf8)
    }

    private static func joined(_ lines: [String], _ generator: inout SeededGenerator) -> [UInt8] {
        let end = Bool.random(using: &generator) ? "\n" : "\r\n"
        let text = lines.map { $0 + end }.joined()
        return Array(text.utf8.dropLast(Bool.random(using: &generator) ? 0 : end.utf8.count))
    }
}
