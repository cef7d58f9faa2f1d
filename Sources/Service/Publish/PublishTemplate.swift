import Git
import ProjectConfiguration

/// The repository's own template for pull and merge requests, where forges look for it.
enum PublishTemplate {
    private static let places = [
        [".github", "pull_request_template.md"], ["pull_request_template.md"], ["docs", "pull_request_template.md"],
        [".gitlab", "merge_request_templates", "default.md"], [".gitea", "pull_request_template.md"],
        [".forgejo", "pull_request_template.md"],
    ]
    private static let maximumBytes = 64 << 10

    /// What the repository says of publishing.
    /// - Parameter tree: of the branch that the change is for: what a session writes does not count.
    /// - Throws: `ConfigurationError` when it cannot be understood.
    static func choice(in tree: ObjectID, _ repository: Repository) throws -> PublishChoice {
        let name = ProjectConfigurationLoader.fileName
        guard let leaf = try TreeEditor(repository).leaf(at: Array(name.utf8), in: tree), leaf.mode == .regular else {
            return PublishChoice()
        }
        let bytes = try repository.read(leaf.id, limit: 1 << 20).bytes
        return try ProjectConfigurationLoader.load(yaml: bytes, file: name).publish
    }

    /// - Parameters:
    ///   - tree: as in ``choice(in:_:)``.
    ///   - name: the file that the repository names.
    static func find(in tree: ObjectID, _ repository: Repository, named name: String? = nil) -> String? {
        if let name {
            guard let leaf = try? TreeEditor(repository).leaf(at: Array(name.utf8), in: tree), leaf.mode == .regular,
                let object = try? repository.read(leaf.id, limit: maximumBytes)
            else { return nil }
            return String(validating: object.bytes, as: UTF8.self)
        }
        for place in places {
            guard let id = look(place[...], in: tree, repository),
                let object = try? repository.read(id, limit: maximumBytes), object.kind == .blob,
                let text = String(validating: object.bytes, as: UTF8.self)
            else { continue }
            return text
        }
        return nil
    }

    private static func look(_ place: ArraySlice<String>, in tree: ObjectID, _ repository: Repository) -> ObjectID? {
        guard let name = place.first, let entries = try? repository.tree(tree).entries else { return nil }
        for entry in entries where String(decoding: entry.name, as: UTF8.self).lowercased() == name {
            if place.count > 1, entry.mode == .folder {
                if let id = look(place.dropFirst(), in: entry.id, repository) { return id }
            } else if place.count == 1, entry.mode == .regular || entry.mode == .executable {
                return entry.id
            }
        }
        return nil
    }
}
