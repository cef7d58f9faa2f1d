import JSON
import ProjectConfiguration
import Testing

@Suite struct LoaderTests {
    func load(_ text: String) throws -> ProjectConfiguration {
        try ProjectConfigurationLoader.load(yaml: Array(text.utf8), file: ".cofferdam.yaml")
    }

    @Test func whole() throws {
        let configuration = try load(
            """
            checks:
              - name: build
                command: [make, -j2]
              - name: tests
                command: make test | tee log
                required: false
                timeout: 30
                parser: gcc
                when: end
            environment: {LANG: C.UTF-8, _A1: ""}
            instructions: |
              Use tabs.
            setup:
              - [npm, ci]
              - npm run prepare
            policy:
              deny: [{tool: run}]
            """)
        #expect(
            configuration
                == ProjectConfiguration(
                    checks: [
                        CheckDefinition(name: "build", command: ["make", "-j2"], origin: .repository),
                        CheckDefinition(
                            name: "tests", command: ["/bin/sh", "-c", "make test | tee log"], required: false,
                            timeoutSeconds: 30, parser: "gcc", when: .end, origin: .repository),
                    ],
                    policy: ["deny": [["tool": "run"]]], environment: ["LANG": "C.UTF-8", "_A1": ""],
                    instructions: "Use tabs.\n", setup: [["npm", "ci"], ["/bin/sh", "-c", "npm run prepare"]]))
        #expect(configuration.checks?.first?.required == true)
        #expect(configuration.checks?.first?.timeoutSeconds == 600)
    }

    @Test func absentAndEmptyAreNotTheSame() throws {
        #expect(try load("").checks == nil)
        #expect(try load("# nothing\n") == ProjectConfiguration())
        #expect(try load("checks: []").checks == [])
    }

    @Test(arguments: [
        (
            "cheks: []",
            "1:1: unknown key ‘cheks’; known here: checks, environment, instructions, limits, policy, publish, sandbox, setup, workspace"
        ),
        ("- a", "1:1: the file must be a mapping, not an array"),
        ("checks: 5", "1:9: checks must be a list, not a number"),
        ("checks:\n  - build", "2:5: checks[0] must be a mapping, not a string"),
        ("checks:\n  - name: a", "2:5: checks[0] has no command"),
        ("checks:\n  - command: a", "2:5: checks[0] has no name"),
        (
            "checks:\n  - name: a\n    command: b\n    requierd: true",
            "4:5: unknown key ‘requierd’; known here: name, command, required, timeout, parser, when, paths, reports"
        ),
        (
            "checks:\n  - name: a\n    command: b\n    required: yes",
            "4:15: checks[0].required must be true or false, not a string"
        ),
        (
            "checks: [{name: a, command: b, timeout: 0}]",
            "1:41: checks[0].timeout must be from 1 to 86400, not 0"
        ),
        (
            "checks: [{name: a, command: b, timeout: 1.5}]",
            "1:41: checks[0].timeout must be a whole number, not a number"
        ),
        ("checks: [{name: a, command: b, when: never}]", "1:38: checks[0].when must be afterEdit or end, not ‘never’"),
        ("checks: [{name: a, command: []}]", "1:29: checks[0].command names no program"),
        ("checks: [{name: a, command: ['']}]", "1:29: checks[0].command names no program"),
        ("checks: [{name: a, command: ' '}]", "1:29: checks[0].command is empty"),
        (
            "checks: [{name: a, command: [make, 2]}]",
            "1:36: checks[0].command[1] must be a string, not a number; quote it"
        ),
        (
            "checks: [{name: a, command: {x: y}}]",
            "1:29: checks[0].command must be a list of words, or a string for the shell, not an object"
        ),
        ("checks: [{name: a, command: \"x\\0y\"}]", "1:29: checks[0].command holds a NUL character"),
        ("checks: [{name: \"a\\nb\", command: x}]", "1:17: checks[0].name holds a control character"),
        ("checks: [{name: '', command: x}]", "1:17: checks[0].name is empty"),
        ("checks:\n- {name: a, command: x}\n- {name: a, command: y}", "3:10: two checks are called ‘a’"),
        ("environment: [A]", "1:14: environment must be a mapping"),
        ("environment: {PORT: 8080}", "1:21: environment.PORT must be a string, not a number; quote it"),
        ("environment: {1A: x}", "1:19: ‘1A’ is no name of an environment variable"),
        ("environment: {A=B: x}", "1:20: ‘A=B’ is no name of an environment variable"),
        ("instructions: [a]", "1:15: instructions must be a string, not an array"),
        ("policy: deny", "1:9: policy must be a mapping"),
        ("setup: npm ci", "1:8: setup must be a list, not a string"),
    ]) func errors(text: String, expected: String) {
        do {
            _ = try load(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)" == ".cofferdam.yaml:" + expected)
        }
    }

    @Test func limits() {
        let checks = (0...ConfigurationLimits.checks).map { "- {name: c\($0), command: x}\n" }.joined()
        #expect(throws: ConfigurationError.self) { try load("checks:\n" + checks) }
        let variables = (0...ConfigurationLimits.environmentVariables).map { "  A\($0): x\n" }.joined()
        #expect(throws: ConfigurationError.self) { try load("environment:\n" + variables) }
        let name = String(repeating: "n", count: ConfigurationLimits.nameBytes + 1)
        #expect(throws: ConfigurationError.self) { try load("checks: [{name: \(name), command: x}]") }
    }

    @Test("What of the folder goes into a sandbox")
    func workspace() throws {
        let yaml = "workspace: {include: [gen/**], exclude: [data/], secrets: ['*.pem']}"
        let choice = try ProjectConfigurationLoader.load(yaml: Array(yaml.utf8), file: "f").workspace
        #expect(choice == WorkspaceChoice(include: ["gen/**"], exclude: ["data/"], secrets: ["*.pem"]))
        #expect(choice.expanded.exclude == ["data/**"])
        for (yaml, place) in [
            ("workspace: {include: [../x]}", "1:23"), ("workspace: {exclude: x}", "1:22"),
            ("workspace: {secret: [x]}", "1:13"), ("workspace: {secrets: [/x]}", "1:23"),
        ] {
            #expect {
                _ = try ProjectConfigurationLoader.load(yaml: Array(yaml.utf8), file: "f")
            } throws: { "\($0)".contains(place) }
        }
    }
}
