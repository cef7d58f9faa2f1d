import AgentProtocol
import Diagnostics
import Testing

@Suite struct ScriptToolTests {
    private func errors(_ output: ParsedOutput) -> [String] {
        output.diagnostics.map { "\($0.tool) \($0.code ?? "-") \($0.path):\($0.range?.startLine ?? 0)" }
    }

    @Test func typeScript() {
        let output = parse(stdout: Fixture.bytes("tsc.txt"), command: ["tsc", "--pretty", "false"])
        #expect(errors(output) == ["tsc TS2322 t.ts:1", "tsc TS2322 t.ts:2", "tsc TS2554 t.ts:3", "tsc TS2304 t.ts:3"])
        #expect(output.unparsed == "")
        let pretty = parse(
            "src/a.ts:2:33 - error TS2322: Type 'string' is not assignable to type 'number'.\n\n"
                + "2 export const x: number = f();\n                                  ~~~\n\n"
                + "Found 1 error in src/a.ts:2\n",
            command: ["tsc"])
        #expect(errors(pretty) == ["tsc TS2322 src/a.ts:2"])
        #expect(pretty.unparsed == "")
    }

    private static let eslint = [
        "eslint no-unused-vars bad.js:1", "eslint quotes bad.js:2", "eslint no-undef bad.js:2",
        "eslint eqeqeq bad.js:3",
        "eslint no-unused-vars bad.js:4", "eslint semi bad.js:4", "eslint no-eval bad.js:6", "eslint quotes bad.js:6",
    ]

    @Test func eslint() {
        let source = "const unused = 1;\nlet name = \"é\" + undefinedThing;\nif (name == null) {\n  var x = 2\n}\n"
        let json = parse(
            stdout: Fixture.bytes("eslint6.json"), command: ["eslint", "-f", "json", "."], root: "/src/s",
            files: ["bad.js": source + "eval(\"x\");\n"])
        #expect(errors(json) == Self.eslint + ["eslint - syntax.js:2"])
        // The offsets of the fix count UTF-16, the range bytes.
        #expect(
            json.diagnostics[1].fixes?.first?.edits.first
                == DiagnosticFix.Edit(
                    path: "bad.js", range: TextRange(startLine: 2, startColumn: 12, endLine: 2, endColumn: 16),
                    newText: "'é'"))
        #expect(json.diagnostics[0].codeURL == "https://eslint.org/docs/latest/rules/no-unused-vars")
        #expect(json.diagnostics[0].tags == [.unnecessary])
        let stylish = parse(stdout: Fixture.bytes("eslint6-stylish.txt"), command: ["eslint", "."], root: "/src/s")
        #expect(errors(stylish) == Self.eslint + ["eslint - syntax.js:2"])
        #expect(stylish.unparsed == "")
        let unix = parse(stdout: Fixture.bytes("eslint6-unix.txt"), command: ["eslint", "-f", "unix"], root: "/src/s")
        #expect(errors(unix) == Self.eslint)
    }

    @Test func python() {
        let pylint = [
            "missing-module-docstring", "multiple-imports", "undefined-variable", "unused-variable",
            "missing-class-docstring", "invalid-name", "missing-function-docstring", "dangerous-default-value",
            "singleton-comparison", "undefined-variable", "too-few-public-methods", "unused-import", "unused-import",
        ]
        for fixture in ["pylint4.txt", "pylint4.json", "pylint4.json2"] {
            let output = parse(stdout: Fixture.bytes(fixture), command: ["pylint", "bad.py"])
            #expect(output.diagnostics.map(\.code) == pylint, "\(fixture)")
            #expect(output.diagnostics.map(\.tool).allSatisfy { $0 == "pylint" })
            #expect(output.unparsed == "", "\(fixture)")
            #expect(output.diagnostics[2].range?.startColumn == 16)
        }
        let flake8 = parse(stdout: Fixture.bytes("flake8.txt"), command: ["flake8", "bad.py"])
        #expect(!flake8.diagnostics.isEmpty)
        #expect(flake8.diagnostics.allSatisfy { $0.tool == "flake8" && $0.code != nil })
        #expect(flake8.diagnostics.map(\.path).last == "test_coll.py")
        #expect(flake8.unparsed == "")
        let mypy = parse(stdout: Fixture.bytes("mypy2.jsonl"), command: ["mypy", "--output", "json", "bad.py"])
        #expect(errors(mypy) == ["mypy name-defined bad.py:8", "mypy name-defined bad.py:15"])
        for (fixture, command) in [("pyright.txt", ["pyright"]), ("pyright2.json", ["pyright", "--outputjson"])] {
            let output = parse(stdout: Fixture.bytes(fixture), command: command, root: "/src/s")
            #expect(
                errors(output) == [
                    "pyright reportUndefinedVariable bad.py:8", "pyright reportUndefinedVariable bad.py:15",
                ], "\(fixture)")
            #expect(output.diagnostics.first?.range?.startColumn == 16)
        }
    }

    @Test func ruff() {
        let json = parse(
            stdout: Fixture.bytes("ruff.json"), command: ["ruff", "check", "--output-format", "json"], root: "/src/py")
        #expect(json.diagnostics.first?.code == "I001")
        #expect(json.diagnostics.first?.codeURL == "https://docs.astral.sh/ruff/rules/unsorted-imports")
        #expect(json.diagnostics.first?.fixes?.first?.title == "Organize imports")
        let text = parse(stdout: Fixture.bytes("ruff.txt"), command: ["ruff", "check"], root: "/src/py")
        #expect(errors(text) == errors(json))
        let concise = parse(stdout: Fixture.bytes("ruff-concise.txt"), command: ["ruff", "check"])
        #expect(concise.diagnostics.count > 5)
        #expect(concise.diagnostics.allSatisfy { $0.tool == "ruff" && !$0.message.hasPrefix("[*]") })
        let ty = parse(stdout: Fixture.bytes("ty-gitlab.json"), command: ["ty", "check", "--output-format", "gitlab"])
        let plain = parse(stdout: Fixture.bytes("ty.txt"), command: ["ty", "check"])
        #expect(errors(ty) == errors(plain))
        #expect(plain.diagnostics.count == 3)
    }

    @Test func shell() {
        let json = parse(stdout: Fixture.bytes("shellcheck.json"), command: ["shellcheck", "-f", "json", "a.sh"])
        let text = parse(stdout: Fixture.bytes("shellcheck-tty.txt"), command: ["shellcheck", "a.sh"])
        #expect(
            errors(json) == [
                "shellcheck SC2045 a.sh:2", "shellcheck SC2035 a.sh:2", "shellcheck SC2086 a.sh:3",
                "shellcheck SC2154 a.sh:4", "shellcheck SC3054 a.sh:4",
            ])
        #expect(errors(text) == errors(json))
        #expect(text.diagnostics.map(\.range?.startColumn) == json.diagnostics.map(\.range?.startColumn))
        #expect(json.diagnostics[2].fixes?.first?.edits.count == 2)
        #expect(json.diagnostics[2].codeURL == "https://www.shellcheck.net/wiki/SC2086")
        let yaml = parse(stdout: Fixture.bytes("yamllint.txt"), command: ["yamllint", "-f", "parsable", "."])
        #expect(!yaml.diagnostics.isEmpty)
        #expect(yaml.diagnostics.allSatisfy { $0.tool == "yamllint" && $0.code != nil })
    }

    /// Linters of Python's security, JavaScript, Dockerfiles and Ruby.
    @Test func otherLinters() {
        func codes(_ name: String) -> [String] {
            parse(stdout: Fixture.bytes(name), command: [name.split(separator: ".").first.map(String.init) ?? ""])
                .diagnostics.map { "\($0.severity) \($0.code ?? "-") \($0.path):\($0.range?.startLine ?? 0)" }
        }
        #expect(
            codes("bandit.json") == [
                "information B404 bad.py:1", "information B403 bad.py:2", "information B105 bad.py:4",
                "error B602 bad.py:8",
                "information B101 bad.py:9", "warning B301 bad.py:10", "warning B307 bad.py:15",
                "information B110 bad.py:16",
            ])
        let oxlint = [
            "eslint(no-unused-vars) bad.js:1", "eslint(valid-typeof) bad.js:2", "eslint(no-debugger) bad.js:3",
            "eslint(for-direction) bad.js:5", "eslint(no-dupe-keys) bad.js:6", "eslint(use-isnan) bad.js:7",
        ].map { "warning " + $0 }
        #expect(codes("oxlint.json") == oxlint)
        #expect(codes("oxlint-unix.txt") == oxlint)
        let hadolint = [
            "warning DL3006 Dockerfile:1", "error DL4000 Dockerfile:2", "warning DL3008 Dockerfile:3",
            "warning DL3014 Dockerfile:3", "information DL3015 Dockerfile:3", "error DL3004 Dockerfile:4",
            "warning DL3003 Dockerfile:4", "error DL3020 Dockerfile:5", "information SC2086 Dockerfile:6",
            "warning DL4006 Dockerfile:6",
        ]
        #expect(codes("hadolint.json") == hadolint)
        #expect(codes("hadolint.sarif") == hadolint)
        #expect(codes("hadolint.txt") == hadolint)
        let rubocop = [
            "Style/FrozenStringLiteralComment bad.rb:1",
            "Naming/MethodName bad.rb:1",
            "Naming/MethodParameterName bad.rb:1",
            "Lint/UselessAssignment bad.rb:2",
            "Style/GuardClause bad.rb:3",
            "Style/IfUnlessModifier bad.rb:3",
            "Style/NilComparison bad.rb:3",
            "Style/StringLiterals bad.rb:4",
        ].map { "warning " + $0 }
        #expect(codes("rubocop.json") == rubocop)
        #expect(codes("rubocop.txt") == rubocop)
        #expect(parse(stdout: Fixture.bytes("rubocop.txt"), command: ["bundle", "exec", "rubocop"]).unparsed == "")
    }

    /// What another tool writes behind shellcheck's words, or tsc's, is read by its own parser.
    @Test func othersInTheSameOutput() {
        let shell = parse(
            stdout: Fixture.bytes("shellcheck-tty.txt") + Array("\na.c:3:1: error: expected ';'\nall done\n".utf8),
            command: ["sh", "-c", "shellcheck a.sh; make"])
        #expect(shell.diagnostics.last.map { brief($0) }?.hasSuffix("a.c 3:1-3:1: expected ';'") == true)
        #expect(shell.unparsed.contains("all done"))
        let script = parse(
            "src/a.ts(2,33): error TS2304: Cannot find name 'x'.\n3 files copied\n",
            command: ["sh", "-c", "tsc; cp"])
        #expect(script.unparsed.contains("3 files copied"))
    }

    @Test func fixesOfManyFiles() {
        var document = ""
        for number in 0..<200 {
            document += document.isEmpty ? "[" : ","
            document +=
                #"{"filePath":"f\#(number).js","messages":[{"ruleId":"semi","severity":2,"message":"m","line":2,"#
            document += #""column":3,"fix":{"range":[4,5],"text":";"}}]}"#
        }
        let output = parse(
            stdout: Array((document + "]").utf8), command: ["eslint", "-f", "json"], files: ["f7.js": "éx\nab\n"])
        #expect(output.diagnostics.count == 200)
        let place = output.diagnostics[7].fixes?.first?.edits.first?.range
        #expect(place == TextRange(startLine: 2, startColumn: 2, endLine: 2, endColumn: 3))
        #expect(output.diagnostics[8].fixes == nil)
    }

    @Test func lua() {
        for (fixture, codes) in [
            ("luacheck.txt", [nil, nil, nil]), ("luacheck-codes.txt", ["W111", "W211", "W212"]),
            ("luacheck-plain.txt", ["W111", "W211", "W212"]),
        ] as [(String, [String?])] {
            let output = parse(stdout: Fixture.bytes(fixture), command: ["luacheck", "."])
            #expect(output.diagnostics.map(\.code) == codes, "\(fixture)")
            #expect(output.diagnostics.map(\.range?.startLine) == [8, 13, 13])
            #expect(output.unparsed == "", "\(fixture)")
        }
        let busted = parse(stdout: Fixture.bytes("busted.txt"), command: ["busted"])
        #expect(busted.diagnostics.map(\.range?.startLine) == [5, 12])
        #expect(
            busted.diagnostics.first?.test
                == FailedTest(name: "mean is the sum over the number", expected: "(number) 1.5", actual: "(number) 3"))
        #expect(busted.tests?.counts == TestCounts(passed: 1, failed: 2, skipped: 1))
    }
}
