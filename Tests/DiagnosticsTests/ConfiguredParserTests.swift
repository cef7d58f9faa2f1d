import AgentProtocol
import Diagnostics
import JSON
import Testing

@Suite struct ConfiguredParserTests {
    func read(
        _ text: String, _ definition: ConfiguredParser.Definition, parser: String? = "mine",
        files: [String: String] = [:]
    ) -> ParsedOutput {
        let workspace = Workspace(files: files)
        return DiagnosticParsing.parse(
            CheckOutput(
                command: ["tool"], stdout: [], stderr: Array(text.utf8), workingDirectory: "/src",
                workspaceRoot: "/src",
                parser: parser, configuredParsers: [ConfiguredParser(name: "mine", definition: definition)]),
            sourceLine: workspace.line, filesNamed: workspace.files)
    }

    func matcher(_ text: String) throws -> ConfiguredParser.Definition { .problemMatcher(try JSON(parsing: text)) }

    static let lines: [([String], String, String?)] = [
        ([#"%f:%l:%c: %t%*[^:]: %m"#], "a b.x:3:7: warning: odd", "tool warning a b.x 3:7-3:7: odd"),
        ([#"%f:%l: %m"#], "a.x:3: Warning: odd", "tool warning a.x 3:1-3:1: odd"),
        ([#"%f:%l: %m"#], "a.x:3: odd", "tool error a.x 3:1-3:1: odd"),
        ([#"%E%n: %m in %f\, line %l"#], "12: bad in a.x, line 4", "tool error [12] a.x 4:1-4:1: bad"),
        ([#""%f"\, line %l%*\D%c%*[^ ] %m"#], #""a.x", line 3, col 9: bad"#, "tool error a.x 3:9-3:9: bad"),
        ([#"%.%#: %f(%l): %m"#], "any thing: a.x(3): bad", "tool error a.x 3:1-3:1: bad"),
        ([#"%\(Error%\|Warning%\) %f %\d%\+ %m"#], "Error a.x 12 bad", "tool error a.x -: bad"),
        ([#"%f|%l col %c-%k| %m"#], "a.x|3 col 2-4| bad", "tool error a.x 3:2-3:5: bad"),
        ([#"%W%f:%l:%m,%Z%p^,%C%m"#], "a.x:3:first\nsecond\n    ^", "tool warning a.x 3:5-3:5: first\nsecond"),
        ([#"%A%f:%l: %m,%+C  %.%#"#], "a.x:3: first\n  more\nother", "tool error a.x 3:1-3:1: first\n  more"),
        ([#"%+E%f:%l: %.%#"#], "a.x:3: all of it", "tool error a.x 3:1-3:1: a.x:3: all of it"),
        ([#"%+P[%f],(%l\,%c)%*[ ]%t%*[^:]: %m,%-Q"#], "[a.x]\n(3,4) warn: odd", "tool warning a.x 3:4-3:4: odd"),
        ([#"%D>> %f,%X<<,%f:%l: %m"#], ">> sub\na.x:3: bad", "tool error sub/a.x 3:1-3:1: bad"),
        ([#"%-Gignored%.%#"#, #"%f:%l: %m"#], "ignored:3: bad", nil),
        (
            [#"%EERROR %f:%l: %m"#], "error a.x:3: letters of either case",
            "tool error a.x 3:1-3:1: letters of either case"
        ),
    ]

    @Test(arguments: lines) func errorformat(patterns: [String], text: String, expected: String?) throws {
        let definition = ConfiguredParser.Definition.errorformat(patterns)
        try ConfiguredParser(name: "mine", definition: definition).validate()
        #expect(read(text, definition).briefs == (expected.map { [$0] } ?? []))
    }

    /// What is ignored is no finding, and stays for the model.
    @Test func ignoredLinesStay() {
        let output = read("noise\na.x:1: bad\n", .errorformat(["%f:%l: %m", "%-G%.%#"]))
        #expect(output.diagnostics.count == 1)
        #expect(output.unparsed == "noise")
        #expect(output.parsersUsed == ["mine"])
    }

    /// Without `parser:` it is asked first and leaves the rest to the others.
    @Test func besideOthers() {
        let output = read("b.c:1:2: error: bad\n!a.x!7!mine\n", .errorformat(["!%f!%l!%m"]), parser: nil)
        #expect(output.briefs == ["gcc error b.c 1:2-1:2: bad", "tool error a.x 7:1-7:1: mine"])
    }

    @Test func matcherOfOneLine() throws {
        // The matcher that GitHub's action for TypeScript brings.
        let definition = try matcher(
            #"""
            {"problemMatcher": [{"owner": "tsc", "pattern": [{
              "regexp": "^(?:\\s+\\d+\\>)?([^\\s].*)\\((\\d+),(\\d+)\\)\\s*:\\s+(error|warning|info)\\s+(\\w{1,2}\\d+)\\s*:\\s*(.*)$",
              "file": 1, "line": 2, "column": 3, "severity": 4, "code": 5, "message": 6}]}]}
            """#)
        #expect(
            read("src/a.ts(3,7): error TS2322 : Type 'é' is bad.\nelse", definition).briefs
                == ["tsc error [TS2322] src/a.ts 3:7-3:7: Type 'é' is bad."])
    }

    @Test func matcherThatLoops() throws {
        let definition = try matcher(
            #"""
            {"problemMatcher": {"owner": "eslint-stylish", "severity": "warning", "pattern": [
              {"regexp": "^([^\\s].*)$", "file": 1},
              {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning|info)?\\s+(.*)\\s\\s+(.*)$",
               "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}]}}
            """#)
        let text = """
            test.js
              1:0   error  Missing "use strict" statement                 strict
              5:10  error  'addOne' is defined but never used            no-unused-vars
              5:11         third  semi
            end
            """
        let output = read(text, definition)
        #expect(
            output.briefs == [
                "eslint-stylish error [strict] test.js 1:1-1:1: Missing \"use strict\" statement",
                "eslint-stylish error [no-unused-vars] test.js 5:10-5:10: 'addOne' is defined but never used",
                "eslint-stylish warning [semi] test.js 5:11-5:11: third",
            ])
        #expect(output.unparsed == "end")
    }

    @Test(arguments: [
        "(?=a)b", "(?<!a)b", #"(a)\1"#, "(", ")", "[a", "a**", "a{9,2}", #"\"#, #"\x1"#, "[z-a]", "a{1000}",
        "(?:(?:(?:(?:a{200}){200}){200}){200})", "(?:(?:(?:(?:(?:){255}){255}){255}){255}){255}",
        String(repeating: "(", count: 200), String(repeating: "a", count: 2000),
    ]) func faultyPatternsAreRefused(pattern: String) throws {
        let definition = ConfiguredParser.Definition.problemMatcher([
            "pattern": ["regexp": .string(pattern), "message": 0]
        ])
        #expect(throws: ConfiguredParser.Fault.self) {
            try ConfiguredParser(name: "mine", definition: definition).validate()
        }
        // A faulty parser is left out; the others see the output.
        #expect(read("b.c:1:2: error: bad", definition, parser: nil).diagnostics.count == 1)
    }

    @Test(arguments: ["%", "%y", "%*", "%+", "%-f:%m", "%[a", #"%\@="#, #"%\1"#, "", ","])
    func faultyErrorformatsAreRefused(text: String) {
        #expect(throws: ConfiguredParser.Fault.self) {
            try ConfiguredParser(name: "mine", definition: .errorformat([text])).validate()
        }
    }

    /// Patterns that take a backtracking matcher longer than the world lasts.
    @Test(arguments: ["^(a*)*b$", "^(a|a)*b$", "^(a|aa)+$", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)c", "(x+x+)+y"])
    func hostilePatternsEnd(pattern: String) throws {
        let definition = ConfiguredParser.Definition.problemMatcher([
            "pattern": ["regexp": .string(pattern), "message": 0]
        ])
        let line = String(repeating: "a", count: 5000) + String(repeating: "x", count: 5000) + "b\n"
        _ = read(String(repeating: line, count: 50), definition)
    }

    @Test func anyDefinitionAndAnyTextAreSurvived() {
        var generator = SeededGenerator(state: 4)
        let pieces = [
            "%f", "%l", "%m", "%E", "%Z", "%C", "%", "\\", "[", "]", "(", ")", "*", "+", "{2,3}", "{", "|", "a", ":",
            ".",
            "^", "$", "%*[^:]", "%p^", ",", "é", "?", "\\d", "[^a-z]", "%P", "%r", "%D", "%+", "%-", "%#",
        ]
        for _ in 0..<2000 {
            let count = Int.random(in: 1...12, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let output = "a.x:1: bad\nsecond é\n   ^\n" + text
            FuzzTests().check(read(output, .errorformat([text])))
            let pattern: JSON = ["regexp": .string(text), "message": 0, "file": 1, "loop": true]
            FuzzTests().check(read(output, .problemMatcher(["pattern": [pattern]])))
        }
    }

    @Test func definitionsAreCoded() throws {
        let parser = ConfiguredParser(name: "x", definition: .errorformat(["%f:%m"]))
        let value = try JSONCoder.encode(parser)
        #expect(try JSONCoder.decode(ConfiguredParser.self, from: value) == parser)
    }
}
