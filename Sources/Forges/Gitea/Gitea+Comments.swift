import JSON

extension Gitea {
    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment] {
        let path = Self.path(repository)
        let limit = client.limits.maximumComments
        // This list comes whole: the interface has no pages for it.
        let filter = since.map { [(name: "since", value: $0)] } ?? []
        let conversation = try await client.json(.get("\(path)/issues/\(number)/comments", filter, in: repository))
        let reviews = try await client.pages(
            "\(path)/pulls/\(number)/reviews", size: Self.pageSize, in: repository, limit: limit)
        var all = (conversation.arrayValue ?? []).suffix(limit).compactMap { comment($0, .conversation) }
        for review in reviews.entries where review["state"]?.stringValue != "PENDING" {
            if let comment = comment(review, .review) { all.append(comment) }
            guard let id = review["id"]?.intValue, review["comments_count"]?.intValue ?? 1 > 0, all.count < limit else {
                continue
            }
            let lines = try await client.json(.get("\(path)/pulls/\(number)/reviews/\(id)/comments", in: repository))
            all += (lines.arrayValue ?? []).prefix(limit).compactMap { comment($0, .line) }
        }
        var associations: [String: ReviewComment.Association] = [:]
        var result: [ReviewComment] = []
        for var comment in ReviewComment.sorted(all, since: since).suffix(limit) {
            if associations[comment.author] == nil {
                associations[comment.author] = try await association(of: comment.author, in: repository)
            }
            comment.association = associations[comment.author] ?? .unknown
            result.append(comment)
        }
        return result
    }

    private func association(of user: String, in repository: RepositoryName) async throws -> ReviewComment.Association {
        if user.lowercased() == repository.owner.lowercased() { return .owner }
        do {
            let answer = try await client.json(
                .get(
                    "\(Self.path(repository))/collaborators/\(PercentEncoding.part(user))/permission", in: repository))
            switch answer["permission"]?.stringValue {
            case "owner": return .owner
            case "admin": return .member
            case "write": return .collaborator
            // Everyone may read a public repository.
            case "read", "none": return .none
            default: return .unknown
            }
        } catch ForgeError.notFound, ForgeError.forbidden {
            return .unknown
        }
    }

    private func comment(_ json: JSON, _ kind: ReviewComment.Kind) -> ReviewComment? {
        guard let id = json["id"]?.intValue, let body = json.text("body", client.limits), !body.isEmpty,
            let updated = json.line("updated_at") ?? json.line("submitted_at")
        else { return nil }
        let position = json["position"]?.intValue ?? 0
        return ReviewComment(
            id: "\(kind.rawValue)-\(id)", kind: kind, author: json["user"]?.line("login") ?? "ghost", body: body,
            path: json.line("path"), line: position > 0 ? position : nil, updated: updated, url: json.link("html_url"),
            isResolved: json["resolver"]?.objectValue != nil)
    }
}
