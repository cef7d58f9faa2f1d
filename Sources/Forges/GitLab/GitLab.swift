import JSON
import Secrets

/// GitLab, of gitlab.com or self-managed: REST interface, version 4.
struct GitLab: Forge {
    let kind = ForgeKind.gitlab
    let client: ForgeClient
    private let credential: ForgeCredential

    init(_ settings: ForgeSettings, clock: ForgeClock) throws {
        credential = settings.credential
        switch settings.credential {
        case .token(let token):
            // Personal, group and project tokens are taken as OAuth's are.
            let value = SecretString("Bearer \(token.reveal())")
            client = try ForgeClient(settings, clock: clock) { _ in value }
        case .none:
            client = try ForgeClient(settings, clock: clock) { _ in nil }
        case .basic, .githubApp:
            throw ForgeError.notConfigured("GitLab's interface takes a token.")
        }
    }

    func shutdown() async {
        await client.shutdown()
    }

    func gitCredential(for repository: RepositoryName) async throws -> GitCredential {
        guard case .token(let token) = credential else {
            throw ForgeError.notConfigured("There is no credential for \(repository).")
        }
        return GitCredential(user: "oauth2", password: token)
    }

    static let pageSize = (name: "per_page", value: 100)

    static func path(_ repository: RepositoryName) -> String {
        "/projects/\(PercentEncoding.part(repository.description))"
    }
}

extension GitLab {
    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange {
        var notes: [String] = []
        let reviewers = try await userIDs(request.reviewers, &notes)
        let existing: JSON? =
            if let number = request.number {
                try await mergeRequest(number, in: request.repository)
            } else {
                try await openMergeRequest(of: request)
            }
        var change: PublishedChange
        if let existing {
            change = try await update(existing, request, reviewers)
        } else {
            let created = try await client.create {
                try await openMergeRequest(of: request).map { (json: $0, isNew: false) }
            } create: {
                (json: try await self.created(request, reviewers), isNew: true)
            }
            change =
                created.isNew ? try Self.change(created.json) : try await update(created.json, request, reviewers)
            change.isNew = created.isNew
        }
        change.notes += notes
        return change
    }

    private func userIDs(_ names: [String], _ notes: inout [String]) async throws -> [Int] {
        var ids: [Int] = []
        for name in names {
            let found = try await client.json(.get("/users", [("username", name)]))
            let user = found.arrayValue?.first { $0["username"]?.stringValue?.lowercased() == name.lowercased() }
            if let id = user?["id"]?.intValue {
                ids.append(id)
            } else {
                notes.append("GitLab knows no user \(ForgeText.line(name)), of whom no review was requested.")
            }
        }
        return ids
    }

    private func openMergeRequest(of request: ChangeRequest) async throws -> JSON? {
        let list = try await client.json(
            .get(
                "\(Self.path(request.repository))/merge_requests",
                [
                    ("state", "opened"), ("source_branch", request.sourceBranch),
                    ("target_branch", request.targetBranch), ("per_page", "20"),
                ], in: request.repository))
        guard let list = list.arrayValue else {
            throw ForgeError.malformedAnswer("There is no list of merge requests.")
        }
        let isFork = request.sourceRepository.map { $0 != request.repository } ?? false
        return list.first { json in
            let source = json["source_project_id"]?.intValue
            let target = json["target_project_id"]?.intValue
            return json["source_branch"]?.stringValue == request.sourceBranch
                && json["target_branch"]?.stringValue == request.targetBranch
                && (source == target) == !isFork
        }
    }

    private func mergeRequest(_ number: Int, in repository: RepositoryName) async throws -> JSON {
        try await client.json(.get("\(Self.path(repository))/merge_requests/\(number)", in: repository))
    }

    private func created(_ request: ChangeRequest, _ reviewers: [Int]) async throws -> JSON {
        var body: JSONObject = [
            "source_branch": .string(request.sourceBranch), "target_branch": .string(request.targetBranch),
            "title": .string(Self.title(request.title, isDraft: request.isDraft)),
            "description": .string(request.body),
        ]
        if !request.labels.isEmpty { body["labels"] = .string(Self.labels(request.labels)) }
        if !reviewers.isEmpty { body["reviewer_ids"] = .array(reviewers.map { .number(JSONNumber($0)) }) }
        var repository = request.repository
        if let source = request.sourceRepository, source != request.repository {
            // It is opened at the fork, which names its target by number.
            let target = try await client.json(.get(Self.path(request.repository), in: request.repository))
            guard let id = target["id"]?.intValue else {
                throw ForgeError.malformedAnswer("There is no project in it.")
            }
            body["target_project_id"] = .number(JSONNumber(id))
            repository = source
        }
        return try await client.json(
            .send(.POST, "\(Self.path(repository))/merge_requests", .object(body), isRepeatable: false, in: repository))
    }

    /// Whether it is a draft stays as it is: people mark it as ready.
    private func update(_ existing: JSON, _ request: ChangeRequest, _ reviewers: [Int]) async throws -> PublishedChange
    {
        let number = try Self.change(existing).number
        var body: JSONObject = [
            "title": .string(Self.title(request.title, isDraft: existing["draft"]?.boolValue ?? false)),
            "description": .string(request.body), "target_branch": .string(request.targetBranch),
        ]
        if !request.labels.isEmpty { body["add_labels"] = .string(Self.labels(request.labels)) }
        if !reviewers.isEmpty {
            let there = (existing["reviewers"]?.arrayValue ?? []).compactMap { $0["id"]?.intValue }
            let all = there + reviewers.filter { !there.contains($0) }
            body["reviewer_ids"] = .array(all.map { .number(JSONNumber($0)) })
        }
        return try Self.change(
            try await client.json(
                .send(
                    .PUT, "\(Self.path(request.repository))/merge_requests/\(number)", .object(body),
                    isRepeatable: true, in: request.repository)))
    }

    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange {
        try Self.change(try await mergeRequest(number, in: repository))
    }

    /// A draft is one by its title's beginning.
    private static func title(_ title: String, isDraft: Bool) -> String {
        let prefix = "Draft: "
        return isDraft && !title.lowercased().hasPrefix("draft:") ? prefix + title : title
    }

    /// Labels are sent as one text with commas between.
    private static func labels(_ labels: [String]) -> String {
        labels.filter { !$0.contains(",") }.joined(separator: ",")
    }

    private static func change(_ json: JSON) throws -> PublishedChange {
        guard let number = json["iid"]?.intValue, let state = json["state"]?.stringValue else {
            throw ForgeError.malformedAnswer("There is no merge request in it.")
        }
        return PublishedChange(
            number: number, url: json.link("web_url"),
            // `locked` is the moment of merging.
            state: state == "merged" || state == "locked" ? .merged : state == "opened" ? .open : .closed,
            isDraft: json["draft"]?.boolValue ?? false, headCommit: json.line("sha"), title: json.line("title"),
            body: json["description"]?.stringValue)
    }
}
