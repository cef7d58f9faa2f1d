import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct LineMapTests {
    private func hunk(_ old: Range<Int>, _ new: Range<Int>) -> LineMap.Hunk { .init(old: old, new: new) }

    @Test func findsLinesOnBothSides() {
        // Two lines put in before line 1, line 3 removed, line 5 replaced.
        let map = LineMap([hunk(1..<1, 1..<3), hunk(3..<4, 5..<5), hunk(5..<6, 6..<7)])
        #expect(
            (0..<8).map(map.newPlace) == [
                .line(0), .line(3), .line(4), .gap(5..<5, offset: 0), .line(5), .gap(6..<7, offset: 0), .line(7),
                .line(8),
            ])
        #expect(
            (0..<8).map(map.oldPlace) == [
                .line(0), .gap(1..<1, offset: 0), .gap(1..<1, offset: 1), .line(1), .line(2), .line(4),
                .gap(5..<6, offset: 0), .line(6),
            ])
        #expect(map.newRange(ofOld: 0..<1) == 0..<3, "what was put in at the end of the stretch belongs to it")
        #expect(map.newRange(ofOld: 1..<1) == 1..<3)
        #expect(map.newRange(ofOld: 3..<4) == 5..<5)
        #expect(map.newRange(ofOld: 2..<6) == 4..<7)
        #expect(map.isUntouched(old: 1...2))
        #expect(!map.isUntouched(old: 0...1), "two lines were put between")
        #expect(!map.isUntouched(old: 2...4))
        #expect(map.isUntouched(new: 3...4))
        #expect(!map.isUntouched(new: 4...5), "a line was taken from between")
    }

    @Test func hunksThatContradictEachOtherAreRefused() {
        #expect(LineMap(checking: [hunk(1..<2, 1..<3), hunk(4..<5, 5..<5)]) != nil)
        #expect(LineMap(checking: [hunk(1..<2, 1..<3), hunk(4..<5, 4..<5)]) == nil, "other distances")
        #expect(LineMap(checking: [hunk(4..<5, 4..<5), hunk(1..<2, 1..<2)]) == nil, "backwards")
        #expect(LineMap(checking: [hunk(1..<2, 1..<1), hunk(2..<2, 1..<4)])?.hunks == [hunk(1..<2, 1..<4)])
    }

    @Test(arguments: [
        [1, 0, 2, 1], [0, 1, 1, 1], [1, -1, 1, 0], [1, .max, 1, 1], [.max, 1, .max, 1], [1, 1, .min, 1],
    ])
    func numbersThatAreNoneLeaveNothingKnown(_ numbers: [Int]) {
        let hunk = LineHunk(
            oldStart: numbers[0], oldCount: numbers[1], newStart: numbers[2], newCount: numbers[3])
        let map = LineMap(LineChanges(path: "a", hunks: [hunk]))
        guard case .gap = map.oldPlace(ofNew: 5) else {
            Issue.record("line 5 is said to be known")
            return
        }
    }

    /// Random edits against a model in which every line carries the number that it had at first.
    @Test(arguments: 0..<200) func followsEditsLikeLinesThatCarryTheirNumbers(seed: Int) {
        var random = SeededGenerator(UInt64(seed) &* 104_729 &+ 3)
        let count = Int.random(in: 1...40, using: &random)
        var map = LineMap()
        var model: [Int?] = (0..<count).map { $0 }
        for step in 0..<40 {
            let start = Int.random(in: 0...model.count, using: &random)
            let end = Int.random(in: start...min(model.count, start + 4), using: &random)
            let inserted = Int.random(in: 0...4, using: &random)
            model.replaceSubrange(start..<end, with: [Int?](repeating: nil, count: inserted))
            map.replaceNew(start..<end, with: inserted)
            // Lines still there are found; others are in a gap between those that are.
            for (new, old) in model.enumerated() {
                let place = map.oldPlace(ofNew: new)
                if let old {
                    #expect(place == .line(old), "seed \(seed), step \(step), line \(new)")
                    #expect(map.newPlace(ofOld: old) == .line(new), "seed \(seed), step \(step), line \(new)")
                } else if case .line = place {
                    Issue.record("seed \(seed), step \(step): new line \(new) is said to be \(place)")
                }
            }
            for old in 0..<count where !model.contains(old) {
                guard case .gap(let gap, _) = map.newPlace(ofOld: old) else {
                    Issue.record("seed \(seed), step \(step): removed line \(old) is said to be there")
                    continue
                }
                let before = model.lastIndex { $0.map { $0 < old } ?? false }.map { $0 + 1 } ?? 0
                let after = model.firstIndex { $0.map { $0 > old } ?? false } ?? model.count
                #expect(gap == before..<after, "seed \(seed), step \(step), line \(old)")
            }
            #expect(LineMap(checking: map.hunks)?.hunks == map.hunks, "seed \(seed), step \(step): hunks apart")
        }
    }

    /// Thousands of edits of one file: nothing about it may depend on the square of their number.
    @Test func manyEdits() {
        var map = LineMap()
        for line in 0..<20_000 { map.replaceNew((2 * line)..<(2 * line + 1), with: 1) }
        #expect(map.hunks.count == 20_000)
        for line in 0..<20_000 { map.replaceNew((2 * line + 1)..<(2 * line + 1), with: 0) }
        #expect(map.newPlace(ofOld: 39_999) == .line(39_999))
    }
}
