import Forges
import Testing

@testable import Service

/// `remotes:` and `gitCredentials:` of the service's file.
struct RemoteRulesTests {
    private func parse(_ text: String) throws -> RemoteRules {
        try ServiceFile.parse(Array(text.utf8), file: "service.yaml").remotes
    }

    @Test func everythingIsRead() throws {
        let rules = try parse(
            """
            remotes:
              - match: https://github.com/team/*
                credential: app
                push: true
                base: develop
              - match: git@git.example.com:team/*
                ssh: {key: /k, knownHosts: /h}
                forge: gitea
                api: https://git.example.com/api/v1
                credential: team
                branches: [bots/*, "cofferdam-*"]
              - match: git://mirror/*
            gitCredentials:
              team: {user: bot, env: TOKEN}
              app: {githubApp: {id: 12, installation: 7, key: /app.pem}}
            """)
        let github = try #require(rules.rule(for: RemoteAddress(parsing: "https://github.com/team/tool")))
        #expect(github.forge == .github && github.push && github.base == "develop" && github.credential == "app")
        #expect(github.branches == ["cofferdam/*"])
        let gitea = try #require(rules.rule(for: RemoteAddress(parsing: "ssh://git@git.example.com/team/tool")))
        #expect(gitea.forge == .gitea && !gitea.push && gitea.branches == ["bots/*", "cofferdam-*"])
        #expect(gitea.ssh?.identity == .key("/k") && gitea.ssh?.knownHosts == "/h")
        #expect(try rules.rule(for: RemoteAddress(parsing: "git://mirror/x"))?.forge == nil)
        #expect(try rules.rule(for: RemoteAddress(parsing: "https://github.com/other/tool")) == nil)
        guard case .githubApp(let app)? = rules.credentials.named["app"] else {
            Issue.record("no app")
            return
        }
        #expect(app.identifier == "12" && app.installation == 7 && app.key == "/app.pem")
        #expect(rules.credentials.named["team"] == .password(user: "bot", .variable("TOKEN")))
    }

    @Test(arguments: [
        ("remotes:\n- {}\n", 2, "match"),
        ("remotes:\n- match: https://u:p@host/a\n", 2, "credentials are configured"),
        ("remotes:\n- match: https://host/a\n  pusch: true\n", 3, "unknown key"),
        ("remotes:\n- match: https://host/a\n  credential: none\n", 3, "no credential"),
        ("remotes:\n- match: https://host/a\n  forge: sourceforge\n", 3, "one of github"),
        ("remotes:\n- match: ssh://git@host/a\n", 2, "knownHosts"),
        ("remotes:\n- match: ssh://git@host/a\n  ssh: {key: /k}\n", 3, "knownHosts"),
        ("remotes:\n- match: ssh://git@host/a\n  ssh: {key: /k, agent: true, knownHosts: /h}\n", 3, "either"),
        ("remotes:\n- match: https://host/a\n  ssh: {key: /k, knownHosts: /h}\n", 2, "over ssh"),
        ("remotes:\n- match: https://host/a\n  branches: [\"a b\"]\n", 3, "no branch"),
        ("remotes:\n- match: https://host/a\n  base: -x\n", 3, "no branch"),
        ("remotes:\n- match: https://host/a\n  api: http://host/api\n", 3, "https"),
        ("gitCredentials:\n  a: {env: X}\nremotes:\n- match: git://host/a\n  credential: a\n", 5, "https"),
        ("gitCredentials:\n  a: {env: X}\nremotes:\n- match: http://host/a\n  credential: a\n", 5, "https"),
        ("gitCredentials:\n  a: {env: X, file: /x}\n", 2, "exactly one"),
        ("gitCredentials:\n  a: {user: \"x:y\", env: X}\n", 2, "colon"),
        ("gitCredentials:\n  a: {githubApp: {id: x}}\n", 2, "key"),
        (
            "gitCredentials:\n  a: {githubApp: {id: x, key: /k}}\nremotes:\n- match: https://host/a\n  credential: a\n",
            5,
            "github"
        ),
    ])
    func mistakesNameTheirLine(_ text: String, _ line: Int, _ part: String) {
        do {
            _ = try parse(text)
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains("service.yaml:\(line):"), "\(error)")
            #expect("\(error)".contains(part), "\(error)")
        }
    }

    @Test func branchesAreHostile() {
        for name in ["cofferdam/s1-fix", "a", "a.b/c_d-1", "feature/x+y"] {
            #expect(BranchName.isValid(name), "\(name)")
        }
        for name in [
            "", "-a", "a/-b", "/a", "a/", "a//b", "a..b", ".a", "a/.b", "a.lock", "a.lock/b", "a b", "a~1", "a^", "a:b",
            "a?", "a*", "a[b", "a\\b", "a@{1}", "@", "HEAD", "refs/heads/a", "a\u{7F}", "a\n", "\u{E4}", "a.",
            "0123456789012345678901234567890123456789", "$(x)", "`x`", "a;b", "a|b", "a'b",
            String(repeating: "a", count: 201),
        ] { #expect(!BranchName.isValid(name), "\(name)") }
    }
}
