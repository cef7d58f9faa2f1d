import JSON
import Testing

@testable import Policy

@Suite("Policy layers")
struct LayerTests {
    private func read(_ path: String) -> PolicyAction { PolicyAction(tool: "read", subject: .path(path)) }

    @Test("A layer is read from JSON; an absent part inherits, an empty one allows nothing")
    func parsing() throws {
        let layer = try PolicyLayer(
            name: "repository", json: ["version": 1, "tools": ["read"], "ask": ["run(make *)"], "deny": ["*(secret)"]])
        #expect(layer.tools?.map(\.description) == ["read"])
        #expect(layer.ask.map(\.description) == ["run(make *)"])
        #expect(layer.deny.map(\.description) == ["*(secret)"])
        #expect(try PolicyLayer(name: "x", json: [:]).tools == nil)
        #expect(try PolicyLayer(name: "x", json: ["tools": []]).tools == [])
    }

    @Test(
        "What is not understood is an error, never overlooked",
        arguments: [
            ("[]", "must be a mapping"), (#"{"tool":[]}"#, "unknown key `tool`"),
            (#"{"tools":"read"}"#, "list of rules"),
            (#"{"tools":[1]}"#, "list of texts"), (#"{"deny":null}"#, "list of rules"), (#"{"deny":["a("]}"#, "`a(`"),
            (#"{"version":2}"#, "version 2"), (#"{"version":"1"}"#, "a number"), ("null", "must be a mapping"),
        ])
    func errors(text: String, message: String) throws {
        let json = try JSON(parsing: text)
        #expect {
            try PolicyLayer(name: "x", json: json)
        } throws: { "\($0)".contains(message) }
    }

    @Test("Nothing allows, nothing is allowed")
    func noLayer() {
        #expect(EffectivePolicy(layers: []).decide(read("a")).verdict == .deny)
        #expect(EffectivePolicy(layers: [PolicyLayer(name: "x")]).decide(read("a")).verdict == .deny)
    }

    @Test("A verdict names the layer and the rule that made it")
    func explanations() throws {
        let organisation = PolicyLayer(
            name: "organisation", tools: [try PolicyRule("*")], ask: [try PolicyRule("run(make *)")],
            deny: [try PolicyRule("read(secret/**)")])
        let user = PolicyLayer(name: "user", tools: [try PolicyRule("read"), try PolicyRule("run")])
        let policy = EffectivePolicy(layers: [organisation, user])
        func explain(_ action: PolicyAction) -> String { policy.decide(action).explanation }
        #expect(explain(read("secret/key")) == "denied by the organisation policy: read(secret/**)")
        #expect(explain(PolicyAction(tool: "edit", subject: .path("a"))) == "denied: the user policy does not allow it")
        #expect(
            explain(PolicyAction(tool: "run", subject: .arguments(["make", "all"])))
                == "the organisation policy asks for approval: run(make *)")
        #expect(explain(read("a")) == "allowed by the organisation policy: *")
        let broken = EffectivePolicy(layers: [organisation, .failed(name: "user", reason: "user.yaml:3: no")])
        #expect(
            broken.decide(read("a")).explanation
                == "denied by the user policy: it could not be loaded: user.yaml:3: no")
    }

    @Test(
        "The built-in layer",
        arguments: [
            ("read", PolicyAction.Subject.path("a.c"), Verdict.allow),
            ("read", .path(".github/workflows/ci.yml"), .allow),
            ("read", .path(""), .allow), ("grep", .path("."), .allow), ("edit", .path("src/a.c"), .allow),
            ("write", .path("src/a.c"), .allow), ("run", .arguments(["rm", "-rf", "/"]), .allow),
            ("shell", .commandLine("git push"), .allow), ("edit", .path(".git/config"), .deny),
            ("write", .path(".git/hooks/pre-commit"), .deny), ("write", .path(".GIT/config"), .deny),
            ("write", .path("sub/.git"), .deny), ("write", .path("a/b/.git/config"), .deny),
            ("write", .path(".gitignore"), .allow), ("write", .path(".git/\u{338}x"), .deny),
            ("edit", .path(".github/workflows/ci.yml"), .ask), ("write", .path(".GitHub/Workflows/x/y.yml"), .ask),
            ("edit", .path(".cofferdam.yaml"), .ask), ("edit", .path("a/.gitattributes"), .ask),
            ("edit", .path(".vscode/tasks.json"), .ask), ("edit", .path("sub/.envrc"), .ask),
            ("write", .path(".husky/pre-push"), .ask), ("browse", .none, .deny), ("", .none, .deny),
            ("*", .none, .deny),
            ("READ", .path("a"), .deny),
        ])
    func builtIn(tool: String, subject: PolicyAction.Subject, expected: Verdict) {
        let layer = PolicyLayer.builtIn()
        #expect(layer.failure == nil)
        let decision = EffectivePolicy(layers: [layer]).decide(PolicyAction(tool: tool, subject: subject))
        #expect(decision.verdict == expected)
        #expect(decision.layer == "built-in")
    }

    @Test("Whatever is asked about for running elsewhere is also marked in results")
    func sensitive() {
        let sensitive = [
            ".github/workflows/ci.yml", ".envrc", "a/b/.envrc", ".cofferdam.yaml", ".VSCODE/tasks.json",
            "a/b/c/.vscode/tasks.json", "x.code-workspace", ".mcp.json", "sub/.claude/settings.json", ".npmrc",
            ".cargo/config.toml", "fixtures/repository/HEAD", "fixtures/x.git/config", "home/.bashrc",
        ]
        for path in sensitive {
            #expect(PolicyLayer.isSensitive(path: path), "\(path)")
        }
        for path in ["src/main.c", ".github/README.md", "envrc", "HEAD.md", "cargo/config.toml", "git/config"] {
            #expect(!PolicyLayer.isSensitive(path: path), "\(path)")
        }
    }
}
