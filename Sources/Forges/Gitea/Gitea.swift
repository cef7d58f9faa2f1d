import JSON
import Secrets

/// Gitea and Forgejo: interface version 1. Where the two differ, both ways are tried.
struct Gitea: Forge {
    let kind: ForgeKind
    let client: ForgeClient
    private let credential: ForgeCredential

    init(_ settings: ForgeSettings, clock: ForgeClock) throws {
        kind = settings.kind
        credential = settings.credential
        switch settings.credential {
        case .token(let token):
            let value = SecretString("token \(token.reveal())")
            client = try ForgeClient(settings, clock: clock) { _ in value }
        case .none:
            client = try ForgeClient(settings, clock: clock) { _ in nil }
        case .basic, .githubApp:
            throw ForgeError.notConfigured("\(settings.kind.title)'s interface takes a token.")
        }
    }

    func shutdown() async {
        await client.shutdown()
    }

    /// Any user name goes with a token as password.
    func gitCredential(for repository: RepositoryName) async throws -> GitCredential {
        guard case .token(let token) = credential else {
            throw ForgeError.notConfigured("There is no credential for \(repository).")
        }
        return GitCredential(user: "cofferdam", password: token)
    }

    /// Servers allow 50 unless they are set up otherwise.
    static let pageSize = (name: "limit", value: 50)

    static func path(_ repository: RepositoryName) -> String {
        "/repos/\(PercentEncoding.part(repository.owner))/\(PercentEncoding.part(repository.name))"
    }
}

extension Gitea {
    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange {
        let existing: JSON? =
            if let number = request.number {
                try await client.json(.get("\(Self.path(request.repository))/pulls/\(number)", in: request.repository))
            } else {
                try await openPull(of: request)
            }
        var change: PublishedChange
        if let existing {
            change = try await update(existing, request)
        } else {
            let created = try await client.create {
                try await openPull(of: request).map { (json: $0, isNew: false) }
            } create: {
                (json: try await self.created(request), isNew: true)
            }
            change = created.isNew ? try Self.change(created.json) : try await update(created.json, request)
            change.isNew = created.isNew
        }
        if !request.labels.isEmpty {
            let number = change.number
            await note(&change, "The labels were not set") { try await setLabels(request, number) }
            let missing = try await missingLabels(request)
            if !missing.isEmpty {
                change.notes.append(
                    "\(kind.title) has no label \(missing.map { ForgeText.line($0) }.joined(separator: ", ")).")
            }
        }
        if !request.reviewers.isEmpty {
            let number = change.number
            await note(&change, "No review was requested") {
                try await requestReviews(request.reviewers, number, request.repository)
            }
        }
        try Task.checkCancellation()
        return change
    }

    private func openPull(of request: ChangeRequest) async throws -> JSON? {
        let source = request.sourceRepository ?? request.repository
        let isWanted: @Sendable (JSON) -> Bool = { json in
            json["head"]?["ref"]?.stringValue == request.sourceBranch
                && json["base"]?["ref"]?.stringValue == request.targetBranch
                && json["head"]?["repo"]?["full_name"]?.stringValue?.lowercased() ?? source.description.lowercased()
                    == source.description.lowercased()
        }
        // The interface has no filter by branch.
        let list = try await client.pages(
            "\(Self.path(request.repository))/pulls", [("state", "open"), ("sort", "recentupdate")],
            size: Self.pageSize, in: request.repository, limit: client.limits.maximumPages * Self.pageSize.value,
            until: isWanted)
        return list.entries.last.flatMap { isWanted($0) ? $0 : nil }
    }

    private func created(_ request: ChangeRequest) async throws -> JSON {
        var head = request.sourceBranch
        if let source = request.sourceRepository, source != request.repository { head = "\(source.owner):\(head)" }
        let body: JSON = [
            "title": .string(Self.title(request.title, isDraft: request.isDraft)), "body": .string(request.body),
            "head": .string(head), "base": .string(request.targetBranch),
        ]
        return try await client.json(
            .send(
                .POST, "\(Self.path(request.repository))/pulls", body, isRepeatable: false, in: request.repository))
    }

    /// Whether it is a draft stays as it is: people mark it as ready.
    private func update(_ existing: JSON, _ request: ChangeRequest) async throws -> PublishedChange {
        let there = try Self.change(existing)
        let body: JSON = [
            "title": .string(Self.title(request.title, isDraft: there.isDraft)), "body": .string(request.body),
            "base": .string(request.targetBranch),
        ]
        return try Self.change(
            try await client.json(
                .send(
                    .PATCH, "\(Self.path(request.repository))/pulls/\(there.number)", body, isRepeatable: true,
                    in: request.repository)))
    }

    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange {
        try Self.change(try await client.json(.get("\(Self.path(repository))/pulls/\(number)", in: repository)))
    }

    private func requestReviews(_ names: [String], _ number: Int, _ repository: RepositoryName) async throws {
        let people = names.filter { !$0.contains("/") }.map { JSON.string($0) }
        let teams = names.filter { $0.contains("/") }.map { JSON.string(String($0.drop { $0 != "/" }.dropFirst())) }
        _ = try await client.send(
            .send(
                .POST, "\(Self.path(repository))/pulls/\(number)/requested_reviewers",
                ["reviewers": .array(people), "team_reviewers": .array(teams)], isRepeatable: true, in: repository))
    }

    private func setLabels(_ request: ChangeRequest, _ number: Int) async throws {
        let ids = try await labelIDs(of: request.repository)
        let wanted = request.labels.compactMap { ids[$0] }
        guard !wanted.isEmpty else { return }
        _ = try await client.send(
            .send(
                .POST, "\(Self.path(request.repository))/issues/\(number)/labels",
                ["labels": .array(wanted.map { .number(JSONNumber($0)) })], isRepeatable: true,
                in: request.repository))
    }

    private func missingLabels(_ request: ChangeRequest) async throws -> [String] {
        let ids = try await labelIDs(of: request.repository)
        return request.labels.filter { ids[$0] == nil }
    }

    /// The repository's labels by name, and its organisation's where it has one.
    private func labelIDs(of repository: RepositoryName) async throws -> [String: Int] {
        let limit = client.limits.maximumPages * Self.pageSize.value
        var labels = try await client.pages(
            "\(Self.path(repository))/labels", size: Self.pageSize, in: repository, limit: limit
        ).entries
        do {
            labels += try await client.pages(
                "/orgs/\(PercentEncoding.part(repository.owner))/labels", size: Self.pageSize, in: repository,
                limit: limit
            ).entries
        } catch ForgeError.notFound, ForgeError.forbidden {
            // The owner is a user, or its labels are not ours to see.
        }
        var ids: [String: Int] = [:]
        for label in labels {
            if let name = label["name"]?.stringValue, ids[name] == nil { ids[name] = label["id"]?.intValue }
        }
        return ids
    }

    /// A draft is one by its title's beginning, as servers are set up by default.
    private static func title(_ title: String, isDraft: Bool) -> String {
        let prefixes = ["wip:", "[wip]", "draft:"]
        return isDraft && !prefixes.contains { title.lowercased().hasPrefix($0) } ? "WIP: " + title : title
    }

    private static func change(_ json: JSON) throws -> PublishedChange {
        guard let number = json["number"]?.intValue, let state = json["state"]?.stringValue else {
            throw ForgeError.malformedAnswer("There is no pull request in it.")
        }
        return PublishedChange(
            number: number, url: json.link("html_url"),
            state: json["merged"]?.boolValue == true ? .merged : state == "open" ? .open : .closed,
            isDraft: json["draft"]?.boolValue ?? false, headCommit: json["head"]?.line("sha"),
            title: json.line("title"),
            body: json["body"]?.stringValue)
    }
}
