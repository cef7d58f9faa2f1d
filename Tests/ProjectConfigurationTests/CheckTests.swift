import Diagnostics
import JSON
import ProjectConfiguration
import Testing

@Suite struct CheckTests {
    func check(_ text: String) throws -> CheckDefinition {
        let yaml = "checks:\n  - name: c\n    command: [c]\n" + text
        let configuration = try ProjectConfigurationLoader.load(yaml: Array(yaml.utf8), file: "f")
        return try #require(configuration.checks?.first)
    }

    @Test func everyKey() throws {
        let found = try check(
            """
                when: end
                paths: [src/, "*.c"]
                reports: [build/**/*.xml]
                parser: junit

            """)
        #expect(
            found
                == CheckDefinition(
                    name: "c", command: ["c"], parser: "junit", when: .end, paths: ["src/", "*.c"],
                    reports: ["build/**/*.xml"], origin: .repository))
    }

    @Test func describedParsers() throws {
        let vim = try check("    parser: {errorformat: ['%f:%l:%m', '%-G%.%#']}\n")
        #expect(vim.configuredParser?.definition == .errorformat(["%f:%l:%m", "%-G%.%#"]))
        #expect(vim.parser == "errorformat")
        // As it stands in Vim's own files: one text, with commas.
        let text = try check("    parser: {errorformat: '%f:%l:%m,%-G%.%#'}\n")
        #expect(text.configuredParser?.definition == .errorformat(["%f:%l:%m,%-G%.%#"]))
        let matcher = try check(
            """
                parser:
                  problemMatcher:
                    owner: house
                    severity: warning
                    pattern:
                      - {regexp: '^(\\S+)$', file: 1}
                      - {regexp: '^ (\\d+) (.*)$', line: 1, message: 2, loop: true}

            """)
        #expect(matcher.parser == "problem-matcher")
        guard case .problemMatcher(let value)? = matcher.configuredParser?.definition else {
            Issue.record("no problem matcher")
            return
        }
        #expect(value["owner"] == "house")
        let two = try check(
            "    parser: {problemMatcher: [{pattern: {regexp: '(.*)', message: 1}}, {pattern: [{regexp: 'x', message: 0}]}]}\n"
        )
        #expect(two.parser == "problem-matcher")
    }

    @Test(arguments: [
        ("    parser: gccc\n", "4:13: there is no parser ‘gccc’; known: "),
        ("    parser: [gcc]\n", "4:13: checks[0].parser must be a string, not an array"),
        ("    parser: {}\n", "4:13: checks[0].parser needs one of errorformat, problemMatcher"),
        ("    parser: {errorformt: []}\n", "4:14: unknown key ‘errorformt’; known here: errorformat, problemMatcher"),
        (
            "    parser:\n      errorformat:\n      - '%f:%m'\n      - '%f:%('\n",
            "7:9: checks[0].parser.errorformat[1]: "
        ),
        ("    parser: {errorformat: []}\n", "4:27: checks[0].parser.errorformat: no pattern in errorformat"),
        ("    parser: {errorformat: 5}\n", "4:27: checks[0].parser.errorformat must be a list, not a number"),
        ("    parser: {problemMatcher: {owner: x}}\n", "4:30: checks[0].parser.problemMatcher has no pattern"),
        (
            "    parser:\n      problemMatcher:\n        pattern: {regexp: '(', message: 1}\n",
            "6:9: checks[0].parser.problemMatcher: "
        ),
        (
            "    parser:\n      problemMatcher:\n        patern: {}\n",
            "6:9: unknown key ‘patern’; known here: owner, severity, pattern"
        ),
        (
            "    parser:\n      problemMatcher:\n        pattern:\n        - {regexp: '(.)', message: 1, colour: 2}\n",
            "7:39: unknown key ‘colour’; known here: regexp, "
        ),
        (
            "    parser: {problemMatcher: {pattern: {regexp: '(.)', message: 2}}}\n",
            "4:30: checks[0].parser.problemMatcher: message: no group 2"
        ),
        (
            "    parser: {problemMatcher: {pattern: {regexp: '(.)', message: one}}}\n",
            "4:65: checks[0].parser.problemMatcher.pattern.message must be a whole number, not a string"
        ),
        ("    paths: []\n", "4:12: checks[0].paths names nothing"),
        ("    paths: src\n", "4:12: checks[0].paths must be a list, not a string"),
        ("    paths: [a, ../b]\n", "4:16: checks[0].paths[1]: the pattern must not lead outside"),
        ("    reports: [/tmp/x.xml]\n", "4:15: checks[0].reports[0]: the pattern must be relative"),
    ]) func errors(text: String, expected: String) {
        do {
            _ = try check(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".hasPrefix("f:" + expected), "\(error)")
        }
    }

    @Test func bounds() {
        let globs = (0...ConfigurationLimits.globs).map { "a\($0)" }.joined(separator: ", ")
        #expect(throws: ConfigurationError.self) { try check("    paths: [\(globs)]\n") }
        let patterns = (0...ConfiguredParser.mostPatterns).map { "'%f:\($0)%m'" }.joined(separator: ", ")
        #expect(throws: ConfigurationError.self) { try check("    parser: {errorformat: [\(patterns)]}\n") }
        let long = String(repeating: "x", count: ConfigurationLimits.parserBytes + 1)
        #expect(throws: ConfigurationError.self) { try check("    parser: {errorformat: ['\(long)%m']}\n") }
        #expect(throws: ConfigurationError.self) {
            try check("    parser: {problemMatcher: {pattern: {regexp: '\(long)', message: 0}}}\n")
        }
    }
}
