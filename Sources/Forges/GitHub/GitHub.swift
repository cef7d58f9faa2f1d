import JSON
import Secrets

/// GitHub and GitHub Enterprise Server: REST interface, version 2022-11-28.
struct GitHub: Forge {
    let kind = ForgeKind.github
    let client: ForgeClient
    private let credential: ForgeCredential
    /// Where the credential is an app's.
    private let tokens: GitHubAppTokens?

    init(_ settings: ForgeSettings, clock: ForgeClock) throws {
        credential = settings.credential
        let headers = [("x-github-api-version", "2022-11-28")]
        switch settings.credential {
        case .token(let token):
            tokens = nil
            let value = SecretString("Bearer \(token.reveal())")
            client = try ForgeClient(settings, headers: headers, clock: clock) { _ in value }
        case .githubApp(let app):
            let tokens = try GitHubAppTokens(app, settings, headers: headers, clock: clock)
            self.tokens = tokens
            client = try ForgeClient(settings, headers: headers, clock: clock) { call in
                guard let repository = call.repository else { return nil }
                return SecretString("Bearer \(try await tokens.token(for: repository).reveal())")
            }
        case .none:
            tokens = nil
            client = try ForgeClient(settings, headers: headers, clock: clock) { _ in nil }
        case .basic:
            throw ForgeError.notConfigured("GitHub's interface takes a token or an app, no password.")
        }
    }

    func shutdown() async {
        await client.shutdown()
        await tokens?.shutdown()
    }

    func gitCredential(for repository: RepositoryName) async throws -> GitCredential {
        switch credential {
        case .token(let token): return GitCredential(user: "x-access-token", password: token)
        case .githubApp:
            guard let tokens else { break }
            return GitCredential(user: "x-access-token", password: try await tokens.token(for: repository))
        case .basic, .none: break
        }
        throw ForgeError.notConfigured("There is no credential for \(repository).")
    }

    static let pageSize = (name: "per_page", value: 100)

    static func path(_ repository: RepositoryName) -> String {
        "/repos/\(PercentEncoding.part(repository.owner))/\(PercentEncoding.part(repository.name))"
    }
}

extension GitHub {
    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange {
        let repository = request.repository
        var change: PublishedChange
        if let number = request.number {
            change = try await update(number, request)
        } else if let found = try await openChange(of: request) {
            change = try await update(found.number, request)
        } else {
            change = try await client.create {
                try await openChange(of: request)
            } create: {
                var created = try await self.created(request)
                created.isNew = true
                return created
            }
            if !change.isNew { change = try await update(change.number, request) }
        }
        // Issues have the labels, pull requests being issues too. Unknown ones are made by GitHub.
        if !request.labels.isEmpty {
            let path = "\(Self.path(repository))/issues/\(change.number)/labels"
            await note(&change, "The labels were not set") {
                _ = try await client.send(
                    .send(
                        .POST, path,
                        ["labels": .array(request.labels.map { .string($0) })], isRepeatable: true, in: repository))
            }
        }
        if !request.reviewers.isEmpty { await requestReviews(&change, request) }
        try Task.checkCancellation()
        return change
    }

    /// GitHub refuses a request for several reviewers as a whole when one of them may not review; then each is asked alone.
    private func requestReviews(_ change: inout PublishedChange, _ request: ChangeRequest) async {
        let number = change.number
        do {
            return try await requestReviews(of: request.reviewers, number, request.repository)
        } catch ForgeError.invalid where request.reviewers.count > 1 {
            for reviewer in request.reviewers {
                await note(&change, "No review was requested of \(ForgeText.line(reviewer))") {
                    try await requestReviews(of: [reviewer], number, request.repository)
                }
            }
        } catch {
            change.notes.append("No review was requested: \(error)")
        }
    }

    private func requestReviews(of names: [String], _ number: Int, _ repository: RepositoryName) async throws {
        let people = names.filter { !$0.contains("/") }.map { JSON.string($0) }
        // `org/team`: the interface wants the team's slug.
        let teams = names.filter { $0.contains("/") }.map { JSON.string(String($0.drop { $0 != "/" }.dropFirst())) }
        _ = try await client.send(
            .send(
                .POST, "\(Self.path(repository))/pulls/\(number)/requested_reviewers",
                ["reviewers": .array(people), "team_reviewers": .array(teams)], isRepeatable: true, in: repository))
    }

    private func openChange(of request: ChangeRequest) async throws -> PublishedChange? {
        let owner = (request.sourceRepository ?? request.repository).owner
        let found = try await client.json(
            .get(
                "\(Self.path(request.repository))/pulls",
                [
                    ("state", "open"), ("head", "\(owner):\(request.sourceBranch)"), ("base", request.targetBranch),
                    ("per_page", "10"),
                ], in: request.repository))
        guard let list = found.arrayValue else {
            throw ForgeError.malformedAnswer("There is no list of pull requests.")
        }
        // The filter is not relied on: a `head` that GitHub cannot read makes it list every pull request.
        return try list.first { json in
            json["head"]?["ref"]?.stringValue == request.sourceBranch
                && json["base"]?["ref"]?.stringValue == request.targetBranch
                && json["head"]?["repo"]?["owner"]?["login"]?.stringValue?.lowercased() ?? owner.lowercased()
                    == owner.lowercased()
        }.map(Self.change)
    }

    private func created(_ request: ChangeRequest) async throws -> PublishedChange {
        var body: JSONObject = [
            "title": .string(request.title), "body": .string(request.body), "head": .string(request.sourceBranch),
            "base": .string(request.targetBranch), "draft": .bool(request.isDraft),
        ]
        if let source = request.sourceRepository, source != request.repository {
            body["head"] = .string("\(source.owner):\(request.sourceBranch)")
            // Forks within one organisation have the same owner.
            body["head_repo"] = .string(source.name)
        }
        do {
            return try Self.change(
                try await client.json(
                    .send(
                        .POST, "\(Self.path(request.repository))/pulls", .object(body), isRepeatable: false,
                        in: request.repository)))
        } catch ForgeError.invalid(let detail) where request.isDraft && detail.lowercased().contains("draft") {
            throw ForgeError.invalid("\(detail) Where a repository has no drafts, set `draft: false`.")
        }
    }

    /// Whether it is a draft stays as it is: people mark it as ready.
    private func update(_ number: Int, _ request: ChangeRequest) async throws -> PublishedChange {
        let body: JSON = [
            "title": .string(request.title), "body": .string(request.body), "base": .string(request.targetBranch),
        ]
        return try Self.change(
            try await client.json(
                .send(
                    .PATCH, "\(Self.path(request.repository))/pulls/\(number)", body, isRepeatable: true,
                    in: request.repository)))
    }

    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange {
        try Self.change(try await client.json(.get("\(Self.path(repository))/pulls/\(number)", in: repository)))
    }

    private static func change(_ json: JSON) throws -> PublishedChange {
        guard let number = json["number"]?.intValue, let state = json["state"]?.stringValue else {
            throw ForgeError.malformedAnswer("There is no pull request in it.")
        }
        // Lists have no `merged`, but the time.
        let isMerged = json["merged"]?.boolValue ?? (json["merged_at"]?.stringValue != nil)
        return PublishedChange(
            number: number, url: json.link("html_url"), state: isMerged ? .merged : state == "open" ? .open : .closed,
            isDraft: json["draft"]?.boolValue ?? false, headCommit: json["head"]?.line("sha"),
            title: json.line("title"),
            body: json["body"]?.stringValue)
    }
}

extension Forge {
    /// Does something that must not fail the whole; what it fails with becomes a note.
    func note(_ change: inout PublishedChange, _ what: String, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            change.notes.append("\(what): \(error)")
        }
    }
}
