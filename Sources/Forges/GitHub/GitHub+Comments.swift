import JSON

extension GitHub {
    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment] {
        let filter = since.map { [(name: "since", value: $0)] } ?? []
        let path = Self.path(repository)
        let limit = client.limits.maximumComments
        let conversation = try await client.pages(
            "\(path)/issues/\(number)/comments", filter, size: Self.pageSize, in: repository, limit: limit)
        let lines = try await client.pages(
            "\(path)/pulls/\(number)/comments", [("sort", "updated"), ("direction", "asc")] + filter,
            size: Self.pageSize, in: repository, limit: limit)
        let reviews = try await client.pages(
            "\(path)/pulls/\(number)/reviews", size: Self.pageSize, in: repository, limit: limit)
        let all =
            conversation.entries.compactMap { comment($0, .conversation) }
            + lines.entries.compactMap { comment($0, .line) }
            + reviews.entries.compactMap { comment($0, .review) }
        return ReviewComment.sorted(all, since: since)
    }

    private func comment(_ json: JSON, _ kind: ReviewComment.Kind) -> ReviewComment? {
        guard let id = json["id"]?.intValue, let body = json.text("body", client.limits), !body.isEmpty,
            let updated = json.line("updated_at") ?? json.line("submitted_at"),
            // A review that its author has not sent.
            json["state"]?.stringValue != "PENDING"
        else { return nil }
        let association: ReviewComment.Association =
            switch json["author_association"]?.stringValue {
            case "OWNER": .owner
            case "MEMBER": .member
            case "COLLABORATOR": .collaborator
            case "CONTRIBUTOR": .contributor
            case nil: .unknown
            default: .none
            }
        return ReviewComment(
            id: "\(kind.rawValue)-\(id)", kind: kind, author: json["user"]?.line("login") ?? "ghost",
            association: association, isBot: json["user"]?["type"]?.stringValue == "Bot", body: body,
            path: json.line("path"), line: json["line"]?.intValue ?? json["original_line"]?.intValue,
            updated: updated, url: json.link("html_url"))
    }
}

extension ReviewComment {
    /// Oldest first, without those from before `since`, which not every forge's interface leaves out.
    static func sorted(_ comments: [ReviewComment], since: String?) -> [ReviewComment] {
        let begin = since.flatMap(ForgeTime.seconds)
        return comments.map { (comment: $0, time: ForgeTime.seconds($0.updated) ?? 0) }
            .filter { begin == nil || $0.time >= begin ?? 0 }
            .sorted { ($0.time, $0.comment.id) < ($1.time, $1.comment.id) }
            .map(\.comment)
    }
}
