import JSON
import Secrets

/// Bitbucket Data Center, formerly Server: interface 1.0. It has no labels; its CI is elsewhere and only tells how it went.
struct BitbucketDataCenter: Forge {
    let kind = ForgeKind.bitbucketDataCenter
    let client: ForgeClient
    private let credential: ForgeCredential

    init(_ settings: ForgeSettings, clock: ForgeClock) throws {
        credential = settings.credential
        let value = try BasicCredential.authorization(settings.credential, forge: settings.kind)
        client = try ForgeClient(settings, clock: clock) { _ in value }
    }

    func shutdown() async {
        await client.shutdown()
    }

    func gitCredential(for repository: RepositoryName) async throws -> GitCredential {
        switch credential {
        case .token(let token): return GitCredential(user: "x-token-auth", password: token)
        case .basic(let user, let password): return GitCredential(user: user, password: password)
        case .githubApp, .none: throw ForgeError.notConfigured("There is no credential for \(repository).")
        }
    }

    /// Clone addresses have `scm/KEY/name`; the interface wants the key.
    private static func key(_ repository: RepositoryName) -> String {
        repository.owner.hasPrefix("scm/") ? String(repository.owner.dropFirst(4)) : repository.owner
    }

    private static func path(_ repository: RepositoryName) -> String {
        "/api/1.0/projects/\(PercentEncoding.part(key(repository)))/repos/\(PercentEncoding.part(repository.name))"
    }

    private func pages(
        _ path: String, _ query: [(name: String, value: String)] = [], in repository: RepositoryName, limit: Int
    ) async throws -> ForgeList {
        var list = ForgeList()
        var start = 0
        for _ in 1...client.limits.maximumPages {
            let json = try await client.json(
                .get(path, query + [("limit", "100"), ("start", String(start))], in: repository))
            guard let entries = json["values"]?.arrayValue else {
                throw ForgeError.malformedAnswer("There is no list in it.")
            }
            let room = limit - list.entries.count
            list.entries += entries.prefix(room)
            if entries.count > room { break }
            guard json["isLastPage"]?.boolValue == false, let next = json["nextPageStart"]?.intValue, next > start
            else {
                return list
            }
            start = next
        }
        list.isTruncated = true
        return list
    }
}

extension BitbucketDataCenter {
    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange {
        let existing: JSON? =
            if let number = request.number {
                try await client.json(
                    .get("\(Self.path(request.repository))/pull-requests/\(number)", in: request.repository))
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
            if request.isDraft, created.isNew, !change.isDraft {
                change.notes.append(
                    "This version of Bitbucket Data Center has no drafts; the pull request is open for review.")
            }
        }
        if !request.labels.isEmpty { change.notes.append("Bitbucket's pull requests have no labels; none was set.") }
        return change
    }

    private func openPull(of request: ChangeRequest) async throws -> JSON? {
        let source = request.sourceRepository ?? request.repository
        // Outgoing from a branch means: of the repository that is asked. A fork's are looked for by their target.
        let isFork = source != request.repository
        let list = try await pages(
            "\(Self.path(request.repository))/pull-requests",
            [
                ("state", "OPEN"), ("direction", isFork ? "INCOMING" : "OUTGOING"),
                ("at", "refs/heads/\(isFork ? request.targetBranch : request.sourceBranch)"),
            ], in: request.repository, limit: client.limits.maximumPages * 100)
        return list.entries.first { json in
            let repository = json["fromRef"]?["repository"]
            return json["fromRef"]?["id"]?.stringValue == "refs/heads/\(request.sourceBranch)"
                && json["toRef"]?["id"]?.stringValue == "refs/heads/\(request.targetBranch)"
                && repository?["slug"]?.stringValue ?? source.name == source.name
                && (repository?["project"]?["key"]?.stringValue ?? Self.key(source)).lowercased()
                    == Self.key(source).lowercased()
        }
    }

    private static func reference(_ branch: String, _ repository: RepositoryName) -> JSON {
        [
            "id": .string("refs/heads/\(branch)"),
            "repository": ["slug": .string(repository.name), "project": ["key": .string(key(repository))]],
        ]
    }

    private static func reviewers(_ names: [String]) -> [JSON] {
        names.map { ["user": ["name": .string($0)]] }
    }

    private func created(_ request: ChangeRequest) async throws -> JSON {
        let body: JSON = [
            "title": .string(request.title), "description": .string(request.body),
            "fromRef": Self.reference(request.sourceBranch, request.sourceRepository ?? request.repository),
            "toRef": Self.reference(request.targetBranch, request.repository),
            "reviewers": .array(Self.reviewers(request.reviewers)), "draft": .bool(request.isDraft),
        ]
        return try await client.json(
            .send(
                .POST, "\(Self.path(request.repository))/pull-requests", body, isRepeatable: false,
                in: request.repository))
    }

    /// Its version guards against what people change meanwhile; then it is read again, once.
    private func update(_ existing: JSON, _ request: ChangeRequest) async throws -> PublishedChange {
        let number = try Self.change(existing).number
        let path = "\(Self.path(request.repository))/pull-requests/\(number)"
        do {
            return try await put(existing, path, request)
        } catch ForgeError.conflict {
            return try await put(try await client.json(.get(path, in: request.repository)), path, request)
        }
    }

    private func put(_ existing: JSON, _ path: String, _ request: ChangeRequest) async throws -> PublishedChange {
        let there = (existing["reviewers"]?.arrayValue ?? []).compactMap { $0["user"]?["name"]?.stringValue }
        let all = there + request.reviewers.filter { !there.contains($0) }
        let body: JSON = [
            "version": existing["version"] ?? 0, "title": .string(request.title),
            "description": .string(request.body), "toRef": Self.reference(request.targetBranch, request.repository),
            "reviewers": .array(Self.reviewers(all)), "draft": .bool(existing["draft"]?.boolValue ?? false),
        ]
        return try Self.change(
            try await client.json(.send(.PUT, path, body, isRepeatable: true, in: request.repository)))
    }

    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange {
        try Self.change(try await client.json(.get("\(Self.path(repository))/pull-requests/\(number)", in: repository)))
    }

    private static func change(_ json: JSON) throws -> PublishedChange {
        guard let number = json["id"]?.intValue, let state = json["state"]?.stringValue else {
            throw ForgeError.malformedAnswer("There is no pull request in it.")
        }
        return PublishedChange(
            number: number, url: json["links"]?["self"]?[0]?.link("href"),
            state: state == "MERGED" ? .merged : state == "OPEN" ? .open : .closed,
            isDraft: json["draft"]?.boolValue ?? false, headCommit: json["fromRef"]?.line("latestCommit"),
            title: json.line("title"),
            body: json["description"]?.stringValue)
    }

    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus {
        let list = try await pages(
            "/build-status/1.0/commits/\(PercentEncoding.part(commit))", in: repository,
            limit: client.limits.maximumJobs)
        return PipelineStatus(
            commit: commit, jobs: list.entries.compactMap(Bitbucket.job(status:)), isTruncated: list.isTruncated)
    }

    /// The CI server has them.
    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog? { nil }

    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment] {
        let list = try await pages(
            "\(Self.path(repository))/pull-requests/\(number)/activities", in: repository,
            limit: client.limits.maximumComments)
        var comments: [ReviewComment] = []
        for activity in list.entries where activity["action"]?.stringValue == "COMMENTED" {
            guard let root = activity["comment"] else { continue }
            // Answers hang beneath what they answer; walked with a list of what is left, not by recursion.
            var left = [root]
            while let json = left.popLast(), comments.count < client.limits.maximumComments {
                if let comment = comment(json, activity["commentAnchor"]) { comments.append(comment) }
                left += json["comments"]?.arrayValue ?? []
            }
        }
        return ReviewComment.sorted(comments, since: since)
    }

    private func comment(_ json: JSON, _ anchor: JSON?) -> ReviewComment? {
        guard let id = json["id"]?.intValue, let body = json.text("text", client.limits), !body.isEmpty,
            let time = json["updatedDate"]?.intValue ?? json["createdDate"]?.intValue
        else { return nil }
        let kind: ReviewComment.Kind = anchor?["path"]?.stringValue == nil ? .conversation : .line
        return ReviewComment(
            id: "\(kind.rawValue)-\(id)", kind: kind, author: json["author"]?.line("name") ?? "unknown", body: body,
            path: anchor?.line("path"), line: anchor?["line"]?.intValue,
            updated: ForgeTime.text(seconds: Double(time) / 1000),
            isResolved: json["threadResolved"]?.boolValue ?? false || json["state"]?.stringValue == "RESOLVED")
    }
}
