import JSON

extension GitLab {
    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment] {
        let path = Self.path(repository)
        let discussions = try await client.pages(
            "\(path)/merge_requests/\(number)/discussions", size: Self.pageSize, in: repository,
            limit: client.limits.maximumComments)
        let notes = discussions.entries.flatMap { $0["notes"]?.arrayValue ?? [] }
        // Sorted before anyone is asked for rights: of old notes nobody wants to know.
        let comments = ReviewComment.sorted(notes.compactMap(comment), since: since)
        var authors: [String: Int] = [:]
        for note in notes {
            if let name = note["author"]?.line("username") { authors[name] = note["author"]?["id"]?.intValue }
        }
        var associations: [String: ReviewComment.Association] = [:]
        var result: [ReviewComment] = []
        for var comment in comments.suffix(client.limits.maximumComments) {
            if associations[comment.author] == nil, let id = authors[comment.author] {
                associations[comment.author] = try await association(of: id, in: repository)
            }
            comment.association = associations[comment.author] ?? .unknown
            result.append(comment)
        }
        return result
    }

    /// By the level of access (10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner).
    private func association(of user: Int, in repository: RepositoryName) async throws -> ReviewComment.Association {
        do {
            let member = try await client.json(.get("\(Self.path(repository))/members/all/\(user)", in: repository))
            switch member["access_level"]?.intValue ?? 0 {
            case 50...: return .owner
            case 40..<50: return .member
            case 30..<40: return .collaborator
            case 20..<30: return .contributor
            default: return .none
            }
        } catch ForgeError.notFound {
            return .none
        } catch ForgeError.forbidden {
            return .unknown
        }
    }

    private func comment(_ json: JSON) -> ReviewComment? {
        guard json["system"]?.boolValue != true, let id = json["id"]?.intValue,
            let body = json.text("body", client.limits), !body.isEmpty, let author = json["author"]?.line("username"),
            let updated = json.line("updated_at") ?? json.line("created_at")
        else { return nil }
        let position = json["position"]
        let kind: ReviewComment.Kind = position?["new_path"]?.stringValue == nil ? .conversation : .line
        return ReviewComment(
            id: "\(kind.rawValue)-\(id)", kind: kind, author: author,
            isBot: json["author"]?["bot"]?.boolValue ?? Self.isBotName(author), body: body,
            path: position?.line("new_path"), line: position?["new_line"]?.intValue, updated: updated,
            isResolved: json["resolved"]?.boolValue ?? false)
    }

    /// Users of access tokens are called `project_1_bot_…` or `group_1_bot_…`.
    private static func isBotName(_ name: String) -> Bool {
        (name.hasPrefix("project_") || name.hasPrefix("group_")) && name.contains("_bot")
    }
}
