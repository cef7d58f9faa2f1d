import JSON
import Secrets
import Testing

@testable import Forges

/// Each client against a server that follows the forge's published interface, and that vendors' own clients are run
/// against as well (`Tests/EndToEnd/test_forges.py`).
@Suite("Forges by their published interfaces", .enabled(if: FakeForgesServer.python != nil))
struct FakeForgesTests {
    struct Case: Sendable {
        var kind: ForgeKind
        var path: String
        var repository = octo
        /// Failed jobs by name, in order; then one that has a log, and what is at the line that it names.
        var failed: [String]
        var logged: String?
        /// Authors of comments with what the forge says of their rights.
        var authors: [String: ReviewComment.Association]
        var notes: Int
    }

    static let cases = [
        Case(
            kind: .github, path: "/github", failed: ["test", "style"], logged: "test",
            authors: ["ann": .member, "stranger": .none, "bot": .contributor], notes: 1),
        Case(
            kind: .gitlab, path: "/gitlab/api/v4", repository: RepositoryName(owner: "octo/sub", name: "hello"),
            failed: ["test"], logged: "test", authors: ["ann": .collaborator, "stranger": .none], notes: 1),
        Case(
            kind: .gitea, path: "/gitea/api/v1", failed: ["test"], logged: "test",
            authors: ["ann": .collaborator, "ben": .member, "stranger": .none], notes: 1),
        Case(
            kind: .bitbucket, path: "/bitbucket/2.0", failed: ["test"], logged: "test", authors: ["ann": .unknown],
            notes: 2),
        Case(
            kind: .bitbucketDataCenter, path: "/datacenter/rest",
            repository: RepositoryName(owner: "scm/OCTO", name: "hello"), failed: ["test"], logged: nil,
            authors: ["ann": .unknown, "ben": .unknown], notes: 1),
    ]

    @Test func everythingThatIsAskedOfAForge() async throws {
        // One server for all: it takes seconds to read the published descriptions.
        try await FakeForgesServer.with { server in
            for each in Self.cases {
                let forge = try Forges.forge(settings(each.kind, server.url + each.path), clock: Waits().clock)
                do { try await use(forge, each) } catch { Issue.record("\(each.kind): \(error)") }
                await forge.shutdown()
                try await useWrongCredential(each, server)
            }
            let findings = try await server.findings()
            #expect(findings == [])
        }
    }

    private func use(_ forge: any Forge, _ each: Case) async throws {
        var wanted = request
        wanted.repository = each.repository
        wanted.labels = each.kind == .gitea ? ["agent", "unheard-of"] : ["agent"]
        wanted.reviewers = each.kind == .bitbucketDataCenter ? ["ann"] : ["ann", "nobody"]
        if each.kind == .gitea { wanted.reviewers = ["ann"] }
        let opened = try await forge.openOrUpdate(wanted)
        #expect(opened.isNew && opened.isDraft && opened.number == 1 && opened.state == .open)
        #expect(opened.notes.count == each.notes, "\(each.kind): \(opened.notes)")
        #expect(opened.headCommit.map { commit.hasPrefix($0) } == true)
        wanted.title = "Mend it well"
        let updated = try await forge.openOrUpdate(wanted)
        #expect(!updated.isNew && updated.isDraft && updated.number == 1)
        wanted.number = 1
        let again = try await forge.openOrUpdate(wanted)
        #expect(again.number == 1 && !again.isNew)
        let seen = try await forge.change(1, in: each.repository)
        #expect(seen.url?.hasPrefix("https://") == true && seen.state == .open)

        let status = try await forge.status(of: commit, in: each.repository)
        #expect(status.state == .failed)
        #expect(status.failedJobs.map(\.name) == each.failed)
        if let logged = each.logged {
            let job = try #require(status.jobs.first { $0.name == logged && $0.source == .job })
            let log = try #require(try await forge.log(of: job, in: each.repository))
            #expect(String(decoding: log.bytes, as: UTF8.self).contains("src/main.c:3:1: error: expected ';'"))
        }
        if let check = status.jobs.first(where: { $0.source == .checkRun }) {
            let log = try #require(try await forge.log(of: check, in: each.repository))
            #expect(String(decoding: log.bytes, as: UTF8.self).contains("src/main.c:4:2: error: line too long"))
        }
        let comments = try await forge.comments(on: 1, in: each.repository, since: nil)
        #expect(Dictionary(comments.map { ($0.author, $0.association) }) { $1 } == each.authors)
        let line = try #require(comments.first { $0.kind == .line })
        #expect(line.path == "src/main.c" && line.line == 3 && line.body == "Rename it.")
        let later = try await forge.comments(on: 1, in: each.repository, since: "2027-01-01T00:00:00Z")
        #expect(later.isEmpty)
        let credential = try await forge.gitCredential(for: each.repository)
        #expect(credential.password.reveal() == "planted-token")
    }

    private func useWrongCredential(_ each: Case, _ server: FakeForgesServer) async throws {
        let wrong = settings(each.kind, server.url + each.path, credential: .token(SecretString("wrong")))
        let forge = try Forges.forge(wrong, clock: Waits().clock)
        await #expect(throws: ForgeError.unauthorized("It answered HTTP 401: Bad credentials")) {
            try await forge.change(1, in: each.repository)
        }
        await forge.shutdown()
    }
}
