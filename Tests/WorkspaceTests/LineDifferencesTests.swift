@testable import Git
import TestSupport
import Testing

@Suite("Lines that differ, counted from 0")
struct LineDifferencesTests {
    private func hunks(_ old: String, _ new: String) throws -> [LineDifferences.Hunk]? {
        try LineDifferences.hunks(old: Array(old.utf8), new: Array(new.utf8), maximumHunks: 3)
    }

    @Test("Lines put in, taken out and changed")
    func kinds() throws {
        #expect(try hunks("a\nb\nc\n", "a\nb\nc\n") == [])
        #expect(try hunks("a\nb\n", "x\na\nb\n") == [.init(old: 0..<0, new: 0..<1)])
        #expect(try hunks("a\nb\nc\n", "a\nc\n") == [.init(old: 1..<2, new: 1..<1)])
        #expect(try hunks("a\nb\nc\n", "a\nB\nB2\nc\n") == [.init(old: 1..<2, new: 1..<3)])
        #expect(try hunks("a\n", "a\nb\n") == [.init(old: 1..<1, new: 1..<2)])
        #expect(try hunks("", "a\nb\n") == [.init(old: 0..<0, new: 0..<2)])
        #expect(try hunks("a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n")?.count == 2)
    }

    @Test("Nothing is said of binary files, nor of too many hunks")
    func limits() throws {
        #expect(try hunks("a\0b", "c") == nil)
        #expect(try hunks("1\na\n2\nb\n3\nc\n4\nd\n", "9\na\n9\nb\n9\nc\n9\nd\n") == nil)
    }

    @Test("Between two hunks the lines are the same, for random texts")
    func random() throws {
        var generator = SeededGenerator(seed: 77)
        for _ in 0..<300 {
            func lines() -> [String] {
                (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    ["a", "b", "c", ""].randomElement(using: &generator) ?? ""
                }
            }
            func text(_ lines: [String]) -> [UInt8] { Array(lines.map { "\($0)\n" }.joined().utf8) }
            let (old, new) = (lines(), lines())
            let hunks = try #require(try LineDifferences.hunks(old: text(old), new: text(new), maximumHunks: 100))
            var rebuilt: [String] = []
            var next = 0
            for hunk in hunks {
                rebuilt += old[next..<hunk.old.lowerBound]
                #expect(rebuilt.count == hunk.new.lowerBound)
                rebuilt += new[hunk.new]
                next = hunk.old.upperBound
            }
            #expect(rebuilt + old[next...] == new)
        }
    }
}
