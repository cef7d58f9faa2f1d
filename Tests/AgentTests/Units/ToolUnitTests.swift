import AgentProtocol
import JSON
import TestSupport
import Testing

@testable import Agent

@Suite("Parts of tools")
struct ToolUnitTests {
    @Test(
        "Occurrences do not overlap",
        arguments: [
            ("a", "banana", [1, 3, 5]), ("ana", "banana", [1]), ("aa", "aaaaa", [0, 2]), ("x", "banana", []),
            ("banana", "banana", [0]), ("bananas", "banana", []), ("a", "", []), ("aab", "aaab", [1]),
            ("abab", "abababab", [0, 4]), ("\n\n", "a\n\n\nb", [1]), ("abcabd", "abcabcabd", [3]),
        ])
    func occurrences(needle: String, text: String, expected: [Int]) {
        #expect(EditTool.occurrences(of: Array(needle.utf8), in: Array(text.utf8)) == expected)
    }

    @Test("Occurrences agree with their definition on random texts, and take linear time", .timeLimit(.minutes(10)))
    func randomOccurrences() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<3000 {
            func word(_ most: Int) -> [UInt8] {
                (0..<Int.random(in: 0...most, using: &generator)).map { _ in UInt8.random(in: 0...1, using: &generator)
                }
            }
            let needle = word(4)
            let text = word(20)
            var expected: [Int] = []
            var index = 0
            while !needle.isEmpty, index + needle.count <= text.count {
                if text[index..<(index + needle.count)].elementsEqual(needle) {
                    expected.append(index)
                    index += needle.count
                } else {
                    index += 1
                }
            }
            #expect(EditTool.occurrences(of: needle, in: text) == expected)
        }
        let text = [UInt8](repeating: 1, count: 2_000_000)
        #expect(EditTool.occurrences(of: [UInt8](repeating: 1, count: 200_000) + [2], in: text).isEmpty)
    }

    @Test("Arguments are read strictly, and the model is told what is wrong")
    func arguments() throws {
        func failure(_ json: JSON, _ body: (ToolArguments) throws(ToolFailure) -> Void) -> String {
            do throws(ToolFailure) {
                try body(ToolArguments(json, tool: "t", known: ["a", "b"]))
                return ""
            } catch {
                return error.text
            }
        }
        #expect(failure([]) { _ in } == "t: the arguments must be an object.")
        #expect(failure(["c": 1]) { _ in } == "t: unknown argument `c`; it takes a, b.")
        #expect(failure([:]) { arguments throws(ToolFailure) in _ = try arguments.string("a") } == "t: `a` is missing.")
        #expect(
            failure(["a": 1]) { arguments throws(ToolFailure) in _ = try arguments.string("a") }.contains(
                "must be a string"))
        #expect(
            failure(["a": nil]) { arguments throws(ToolFailure) in _ = try arguments.string("a") }.contains("missing"))
        for wrong: JSON in ["1", 0, 11, 1.5, true, 1e300] {
            let text = failure(["a": wrong]) { arguments throws(ToolFailure) in
                _ = try arguments.int("a", in: 1...10, default: 3)
            }
            #expect(text == "t: `a` must be a whole number from 1 to 10.")
        }
        #expect(
            failure(["a": "true"]) { arguments throws(ToolFailure) in _ = try arguments.bool("a") }.contains(
                "true or false"))
        #expect(
            failure(["a": "x"]) { arguments throws(ToolFailure) in _ = try arguments.strings("a") }.contains(
                "list of strings"))
        #expect(
            failure(["a": ["x", 1]]) { arguments throws(ToolFailure) in _ = try arguments.strings("a") }.contains(
                "only strings"))
        let good = try ToolArguments(["a": 4, "b": nil], tool: "t", known: ["a", "b"])
        #expect(try good.int("a", in: 1...10, default: 3) == 4)
        #expect(try good.int("b", in: 1...10, default: 3) == 3)
        #expect(try !good.bool("b"))
        #expect(try good.optionalString("b") == nil)
    }

    @Test("A shown command is one that a shell takes for the same words")
    func quoting() throws {
        var generator = SeededGenerator(seed: 9)
        let pieces = [
            "a", "'", "\"", " ", "$", "`", "\\", "\n", "*", "?", "~", "!", "#", ";", "&", "|", "\u{E4}", "-", "=", "%",
            "{", "\t",
        ]
        var words = ["", "-n", "--", "~", "a b", "it's", "''", "$(id)", "a=b", "%s", "!!"]
        for _ in 0..<200 {
            words.append(
                (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? "a"
                }.joined())
        }
        let script = "for word in \(ShellQuoting.join(words)); do printf '%s\\0' \"$word\"; done"
        let result = try HostCommand.run(["/bin/sh", "-c", script])
        #expect(result.text == words.map { $0 + "\0" }.joined())
        #expect(ShellQuoting.join(["make", "-j2", "CC=gcc", "src/a.o"]) == "make -j2 CC=gcc src/a.o")
    }

    @Test("Equal rounds are noticed, then ended; another result starts again")
    func repeats() {
        var loop = LoopGuard(AgentLimits())
        let verdicts = (0..<6).map { _ in loop.executed(calls: "a", results: "r") }
        #expect(verdicts == [.fine, .fine, .notice, .notice, .notice, .end])
        #expect(loop.executed(calls: "a", results: "other") == .fine)
        #expect(loop.executed(calls: "a", results: "r") == .fine)
        #expect(loop.executed(calls: "ar", results: "") == .fine)
    }

    @Test("The environment narrows limits and never widens them")
    func environment() {
        let limits = AgentLimits(environment: ["COFFERDAM_MAX_STEPS": "7", "COFFERDAM_MAX_SECONDS": "999999"])
        #expect(limits.steps == 7)
        #expect(limits.seconds == AgentLimits().seconds)
        for wrong in ["0", "-3", "x", "", "1e9", "99999999999999999999"] {
            #expect(AgentLimits(environment: ["COFFERDAM_APPROVAL_SECONDS": wrong]).approvalSeconds == 900)
        }
    }
}
