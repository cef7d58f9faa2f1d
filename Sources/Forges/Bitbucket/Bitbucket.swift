import JSON
import Secrets

/// Bitbucket Cloud: interface version 2.0. It has no labels.
struct Bitbucket: Forge {
    let kind = ForgeKind.bitbucket
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
        // An API token goes with this name in place of the account's mail address; an app password with the user's.
        case .basic(let user, let password):
            return GitCredential(user: user.contains("@") ? "x-bitbucket-api-token-auth" : user, password: password)
        case .githubApp, .none: throw ForgeError.notConfigured("There is no credential for \(repository).")
        }
    }

    static func path(_ repository: RepositoryName) -> String {
        "/repositories/\(PercentEncoding.part(repository.owner))/\(PercentEncoding.part(repository.name))"
    }

    /// All pages of a list. The next page's address is the forge's, of which only an address beneath the same path is taken.
    func pages(
        _ path: String, _ query: [(name: String, value: String)] = [], size: Int = 100, in repository: RepositoryName,
        limit: Int
    ) async throws -> ForgeList {
        var list = ForgeList()
        var call = ForgeCall.get(path, query + [("pagelen", String(size))], in: repository)
        for _ in 1...client.limits.maximumPages {
            let json = try await client.json(call)
            guard let entries = json["values"]?.arrayValue else {
                throw ForgeError.malformedAnswer("There is no list in it.")
            }
            let room = limit - list.entries.count
            list.entries += entries.prefix(room)
            if entries.count > room {
                list.isTruncated = true
                return list
            }
            guard let next = json["next"]?.stringValue else { return list }
            let prefix = (client.base.target == "/" ? "" : client.base.target) + path
            guard let address = ForgeAddress(next), address.authority == client.base.authority,
                address.target.hasPrefix(prefix + "?")
            else { throw ForgeError.malformedAnswer("The next page is at another place.") }
            call = .get(path + address.target.dropFirst(prefix.count), in: repository)
        }
        list.isTruncated = true
        return list
    }
}

/// Basic or bearer authentication from a credential.
enum BasicCredential {
    static func authorization(_ credential: ForgeCredential, forge: ForgeKind) throws -> SecretString? {
        switch credential {
        case .token(let token): SecretString("Bearer \(token.reveal())")
        case .basic(let user, let password):
            SecretString("Basic \(Base64.encoded(Array("\(user):\(password.reveal())".utf8)))")
        case .none: nil
        case .githubApp: throw ForgeError.notConfigured("\(forge.title) takes a token or a password, no GitHub App.")
        }
    }
}

extension Bitbucket {
    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange {
        var notes = request.labels.isEmpty ? [] : ["Bitbucket has no labels; none was set."]
        let reviewers = try await userIDs(request.reviewers, request.repository, &notes)
        let existing: JSON? =
            if let number = request.number {
                try await client.json(
                    .get("\(Self.path(request.repository))/pullrequests/\(number)", in: request.repository))
            } else {
                try await openPull(of: request)
            }
        var change: PublishedChange
        if let existing {
            change = try await update(existing, request, reviewers)
        } else {
            let created = try await client.create {
                try await openPull(of: request).map { (json: $0, isNew: false) }
            } create: {
                (json: try await self.created(request, reviewers), isNew: true)
            }
            change = created.isNew ? try Self.change(created.json) : try await update(created.json, request, reviewers)
            change.isNew = created.isNew
        }
        change.notes += notes
        return change
    }

    /// Reviewers are named by UUID in braces or by account id; others are looked for among the workspace's members.
    private func userIDs(
        _ names: [String], _ repository: RepositoryName, _ notes: inout [String]
    ) async throws -> [JSON] {
        var result: [JSON] = []
        var unknown: [String] = []
        for name in names {
            if name.hasPrefix("{"), name.hasSuffix("}") {
                result.append(["uuid": .string(name)])
            } else if name.contains(":") {
                result.append(["account_id": .string(name)])
            } else {
                unknown.append(name)
            }
        }
        guard !unknown.isEmpty else { return result }
        do {
            let members = try await pages(
                "/workspaces/\(PercentEncoding.part(repository.owner))/members", in: repository,
                limit: client.limits.maximumPages * 100)
            for name in unknown {
                let member = members.entries.first { member in
                    ["nickname", "display_name"].contains { member["user"]?[$0]?.stringValue == name }
                }
                if let id = member?["user"]?["uuid"]?.stringValue {
                    result.append(["uuid": .string(id)])
                } else {
                    notes.append(
                        "No review was requested of \(ForgeText.line(name)), whom the workspace does not have.")
                }
            }
        } catch let error as ForgeError {
            notes.append(
                "No review was requested of \(unknown.map { ForgeText.line($0) }.joined(separator: ", ")): \(error)")
        }
        return result
    }

    private func openPull(of request: ChangeRequest) async throws -> JSON? {
        let source = request.sourceRepository ?? request.repository
        // Names of branches hold no double quote or backslash that git would allow and this language would not.
        guard !request.sourceBranch.contains(where: { $0 == "\"" || $0 == "\\" }) else {
            throw ForgeError.notConfigured("The branch's name holds a quote.")
        }
        let list = try await pages(
            "\(Self.path(request.repository))/pullrequests",
            [("q", "source.branch.name=\"\(request.sourceBranch)\" AND state=\"OPEN\"")], size: 50,
            in: request.repository, limit: client.limits.maximumPages * 50)
        return list.entries.first { json in
            json["source"]?["branch"]?["name"]?.stringValue == request.sourceBranch
                && json["destination"]?["branch"]?["name"]?.stringValue == request.targetBranch
                && json["source"]?["repository"]?["full_name"]?.stringValue?.lowercased()
                    ?? source.description.lowercased() == source.description.lowercased()
        }
    }

    private func created(_ request: ChangeRequest, _ reviewers: [JSON]) async throws -> JSON {
        var source: JSONObject = ["branch": ["name": .string(request.sourceBranch)]]
        if let repository = request.sourceRepository, repository != request.repository {
            source["repository"] = ["full_name": .string(repository.description)]
        }
        let body: JSON = [
            "title": .string(request.title), "description": .string(request.body), "source": .object(source),
            "destination": ["branch": ["name": .string(request.targetBranch)]], "reviewers": .array(reviewers),
            "draft": .bool(request.isDraft),
        ]
        return try await client.json(
            .send(
                .POST, "\(Self.path(request.repository))/pullrequests", body, isRepeatable: false,
                in: request.repository))
    }

    /// Whether it is a draft stays as it is: people mark it as ready. Reviewers are replaced as a whole, so those there stay.
    private func update(_ existing: JSON, _ request: ChangeRequest, _ reviewers: [JSON]) async throws -> PublishedChange
    {
        let there = (existing["reviewers"]?.arrayValue ?? []).compactMap { user in
            user["uuid"]?.stringValue.map { ["uuid": JSON.string($0)] as JSON }
        }
        let known = Set((existing["reviewers"]?.arrayValue ?? []).compactMap { $0["account_id"]?.stringValue })
        let added = reviewers.filter { reviewer in
            !there.contains(reviewer) && !(reviewer["account_id"]?.stringValue.map(known.contains) ?? false)
        }
        let body: JSON = [
            "title": .string(request.title), "description": .string(request.body),
            "destination": ["branch": ["name": .string(request.targetBranch)]], "reviewers": .array(there + added),
        ]
        let number = try Self.change(existing).number
        return try Self.change(
            try await client.json(
                .send(
                    .PUT, "\(Self.path(request.repository))/pullrequests/\(number)", body, isRepeatable: true,
                    in: request.repository)))
    }

    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange {
        try Self.change(try await client.json(.get("\(Self.path(repository))/pullrequests/\(number)", in: repository)))
    }

    private static func change(_ json: JSON) throws -> PublishedChange {
        guard let number = json["id"]?.intValue, let state = json["state"]?.stringValue else {
            throw ForgeError.malformedAnswer("There is no pull request in it.")
        }
        return PublishedChange(
            number: number, url: json["links"]?["html"]?.link("href"),
            state: state == "MERGED" ? .merged : state == "OPEN" ? .open : .closed,
            isDraft: json["draft"]?.boolValue ?? false, headCommit: json["source"]?["commit"]?.line("hash"),
            title: json.line("title"),
            body: json["description"]?.stringValue)
    }
}
