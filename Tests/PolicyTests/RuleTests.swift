import Testing

@testable import Policy

@Suite("Policy rules")
struct RuleTests {
    @Test(
        "A rule is a tool and perhaps a pattern",
        arguments: [
            ("read", "read", nil), ("*", "*", nil), ("run(git push *)", "run", "git push *"),
            ("edit(.github/**)", "edit", ".github/**"), ("*(rm *)", "*", "rm *"),
            ("write(a (1).txt)", "write", "a (1).txt"),
            ("tool_2(x)", "tool_2", "x"),
        ] as [(String, String, String?)])
    func syntax(text: String, tool: String, pattern: String?) throws {
        let rule = try PolicyRule(text)
        #expect(rule.tool == tool)
        #expect(rule.pattern == pattern)
        #expect(rule.description == text)
    }

    @Test(
        "A rule that cannot be read is an error that names it",
        arguments: [
            ("", "a tool's name"), (" read", "a tool's name"), ("read ", "a tool's name"), ("re-ad", "a tool's name"),
            ("read)", "a tool's name"), ("read(", "closing parenthesis"), ("read(a", "closing parenthesis"),
            ("read(a)b", "closing parenthesis"), ("read()", "pattern is empty"), ("(a)", "`` is not a tool's name"),
            ("re ad(a)", "`re ad` is not a tool's name"), ("**", "a tool's name"), ("réad", "a tool's name"),
        ])
    func errors(text: String, reason: String) {
        #expect {
            try PolicyRule(text)
        } throws: { error in
            "\(error)".contains("`\(text)`") && "\(error)".contains(reason)
        }
    }

    @Test(
        "Argument patterns go word by word",
        arguments: [
            ("git push *", ["git", "push", "origin"], true), ("git push *", ["git", "push"], true),
            ("git push", ["git", "push", "origin"], false), ("git *", ["git"], true), ("git *", ["gitk"], false),
            ("git push *", ["git", "-c", "a=b", "push"], false), ("git push *", ["/usr/bin/git", "push", "x"], true),
            ("/usr/bin/git *", ["git", "push"], false), ("/usr/bin/git *", ["/usr/bin/git", "push"], true),
            ("rm -r? *", ["rm", "-rf", "/"], true), ("rm -r?", ["rm", "-r"], false), ("* push", ["git", "push"], true),
            ("echo a b", ["echo", "a b"], false), ("*", [], true), ("git", [], false), ("git*", ["gitk"], true),
        ])
    func argumentPatterns(pattern: String, arguments: [String], expected: Bool) throws {
        let rule = try PolicyRule("run(\(pattern))")
        #expect(rule.matches(PolicyAction(tool: "run", subject: .arguments(arguments))) == expected)
    }

    @Test("A command line is matched as one text")
    func commandLines() throws {
        let rule = try PolicyRule("shell(*rm -rf*)")
        #expect(rule.matches(PolicyAction(tool: "shell", subject: .commandLine("cd x && rm -rf y"))))
        #expect(!rule.matches(PolicyAction(tool: "shell", subject: .commandLine("rm -r y"))))
        #expect(!rule.matches(PolicyAction(tool: "run", subject: .commandLine("rm -rf y"))))
    }

    @Test("A pattern never matches an action without a subject; a bare name does")
    func noSubject() throws {
        let action = PolicyAction(tool: "read", subject: .none)
        #expect(try !PolicyRule("read(**)").matches(action))
        #expect(try PolicyRule("read").matches(action))
        #expect(try PolicyRule("*").matches(action))
    }
}
