import ProjectConfiguration
import Testing

@testable import Service

@Suite("Checks of the organisation in the service's file")
struct OrganisationCheckTests {
    private func parse(_ text: String) throws -> OrganisationChecks {
        try ServiceFile.parse(Array(text.utf8), file: "service.yaml").checks
    }

    @Test("They are read like a repository's, and are marked as the organisation's")
    func read() throws {
        let checks = try parse(
            """
            checks:
              - name: licences
                command: [/opt/licences]
                paths: ["*.c"]
                parser: {errorformat: ["%f: %m"]}
                when: end
            """
        ).checks(folder: "/home/a/p") { [] }
        #expect(checks.count == 1)
        #expect(checks.first?.origin == .organisation)
        #expect(checks.first?.paths == ["*.c"])
        #expect(checks.first?.when == .end)
        #expect(checks.first?.configuredParser?.definition == .errorformat(["%f: %m"]))
        #expect(try parse("").isEmpty)
    }

    @Test("Some are for some repositories only: by folder, or by where they are fetched from")
    func repositories() throws {
        let all = try parse(
            """
            checks:
              - {name: everywhere, command: [a]}
              - {name: folder, command: [a], repositories: [/srv/code/**]}
              - {name: team, command: [a], repositories: ["git.example.com/team/*", "https://other.example.com/x.git"]}
            """)
        func names(_ folder: String, _ remotes: [String]) -> [String] {
            all.checks(folder: folder) { remotes }.map(\.name)
        }
        #expect(names("/home/a/p", []) == ["everywhere"])
        #expect(names("/srv/code/p/q", []) == ["everywhere", "folder"])
        for remote in [
            "https://git.example.com/team/p.git", "git@git.example.com:team/p",
            "ssh://git@git.example.com:2222/team/p/",
            "https://user:secret@git.example.com/team/p",
        ] {
            #expect(names("/home/a/p", [remote]) == ["everywhere", "team"], "\(remote)")
        }
        #expect(
            names("/p", ["https://git.example.com/other/p.git", "https://evil.example/git.example.com/team/p"]) == [
                "everywhere"
            ])
        #expect(names("/p", ["git@other.example.com:x.git"]) == ["everywhere", "team"])
    }

    @Test(
        "What is wrong is told with its line",
        arguments: [
            ("checks: {}", "service.yaml:1:9: checks must be a list"),
            (
                "checks:\n- {name: a, command: [b]}\n- {name: a, command: [c]}",
                "service.yaml:3:10: two checks are called ‘a’"
            ),
            ("checks:\n- {name: a, command: [b], repository: x}", "service.yaml:2:27: unknown key ‘repository’"),
            (
                "checks:\n- {name: a, command: [b], repositories: []}",
                "service.yaml:2:41: checks[0].repositories names nothing"
            ),
            ("checks:\n- {name: a, command: [b], parser: none}", "service.yaml:2:35: there is no parser ‘none’"),
        ])
    func errors(text: String, expected: String) {
        do {
            _ = try parse(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".hasPrefix(expected), "\(error)")
        }
    }
}
