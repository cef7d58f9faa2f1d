@testable import Git
import TestSupport
import Testing

@Suite("Merges are those of git")
struct FileMergeTests {
    private static let labels = FileMerge.Labels(ours: "yours", theirs: "theirs")

    private func merge(_ base: String, _ ours: String, _ theirs: String) throws -> FileMerge.Merged? {
        try FileMerge.merge(
            base: Array(base.utf8), ours: Array(ours.utf8), theirs: Array(theirs.utf8), labels: Self.labels)
    }

    @Test("Changes of different lines come together; of the same lines they stand side by side")
    func both() throws {
        let base = "a\nb\nc\nd\ne\n"
        #expect(
            try merge(base, "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n")
                == .init(contents: Array("A\nb\nc\nd\nE\n".utf8), isClean: true))
        #expect(
            try merge(base, "a\nb\nX\nd\ne\n", "a\nb\nY\nd\ne\n")
                == .init(
                    contents: Array("a\nb\n<<<<<<< yours\nX\n=======\nY\n>>>>>>> theirs\nd\ne\n".utf8), isClean: false))
        // The same change of both is one.
        #expect(try merge(base, "Z\nb\nc\nd\ne\n", "Z\nb\nc\nd\ne\n")?.isClean == true)
        #expect(try merge("", "", "new\n")?.contents == Array("new\n".utf8))
    }

    @Test("What is no text, or too large, is not merged")
    func refused() throws {
        #expect(try merge("a\n", "a\0b\n", "a\n") == nil)
        let large = String(repeating: "x", count: FileMerge.maximumBytes + 1)
        #expect(try merge("a\n", "a\n", large) == nil)
    }

    @Test("Random edits of both sides come out as `git merge-file` has them", arguments: 0..<10)
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        for round in 0..<100 {
            let base = Self.text(&generator)
            let sides = [Self.edited(base, &generator), Self.edited(base, &generator)]
            for (name, lines) in zip(["base", "ours", "theirs"], [base] + sides) {
                try folder.write(name, Self.joined(lines, &generator))
            }
            let texts = ["base", "ours", "theirs"].map { folder.read($0) ?? [] }
            let merged = try #require(
                try FileMerge.merge(base: texts[0], ours: texts[1], theirs: texts[2], labels: Self.labels))
            let told = try HostCommand.run(
                [
                    "git", "-c", "merge.conflictStyle=merge", "merge-file", "-p", "-L", "yours", "-L", "base", "-L",
                    "theirs", "ours", "base", "theirs",
                ], in: folder.path)
            #expect(Array(told.output) == merged.contents, "seed \(seed), round \(round)")
            #expect((told.exitCode == 0) == merged.isClean, "seed \(seed), round \(round)")
        }
    }

    private static let words = ["", "a", "b", "  c", "}", "{", "return x", "\t", "Ö", "if y {", "end"]

    private static func text(_ generator: inout SeededGenerator) -> [String] {
        (0..<Int.random(in: 0...40, using: &generator)).map { _ in
            // Lines that are met again are what makes merges hard.
            words.randomElement(using: &generator).map { $0 + (Bool.random(using: &generator) ? "" : "1") } ?? ""
        }
    }

    private static func edited(_ lines: [String], _ generator: inout SeededGenerator) -> [String] {
        var lines = lines
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
            let place = Int.random(in: 0...lines.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: lines.insert(words.randomElement(using: &generator) ?? "", at: place)
            case 1 where place < lines.count: lines.remove(at: place)
            case 2 where place < lines.count: lines[place] += "x"
            default: break
            }
        }
        return lines
    }

    /// Also without an end of the last line, and with carriage returns.
    private static func joined(_ lines: [String], _ generator: inout SeededGenerator) -> String {
        let end = Int.random(in: 0..<8, using: &generator) == 0 ? "\r\n" : "\n"
        let text = lines.joined(separator: end)
        return lines.isEmpty || Int.random(in: 0..<8, using: &generator) == 0 ? text : text + end
    }
}
