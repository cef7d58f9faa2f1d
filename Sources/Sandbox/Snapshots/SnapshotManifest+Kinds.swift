extension SnapshotManifest {
    /// The same trees with the marks of another kind; nil where that cannot be: a copy holds what lies below as well, and
    /// an overlay without it would not know what to hide.
    func translated(to other: OverlayChanges.Attributes) -> SnapshotManifest? {
        if kind == other { return self }
        guard kind != .copy, other != .copy else { return nil }
        let from = Array(kind.rawValue.utf8)
        let to = Array(other.rawValue.utf8)
        var manifest = self
        manifest.kind = other
        for (position, item) in items.enumerated() where !item.entry.attributes.isEmpty {
            var entry = item.entry
            // What bears the other kind's name was nothing but an attribute of the sandbox's own and must not become a mark.
            entry.attributes.removeAll { $0.name.starts(with: to) }
            for index in entry.attributes.indices where entry.attributes[index].name.starts(with: from) {
                entry.attributes[index].name.replaceSubrange(0..<from.count, with: to)
            }
            manifest.replace(at: position, entry)
        }
        return manifest
    }
}
