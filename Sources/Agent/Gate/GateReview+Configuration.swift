import AgentProtocol
import JSON

extension GateReview {
    /// Changes of what the tools are told.
    mutating func reviewConfiguration(in file: ReviewedFile) {
        reviewBuildMarkers(in: file)
        guard let known = ConfigurationFile(path: file.path) else { return }
        let isOwn = known.tools == ["cofferdam"]
        guard isOwn || known.tools.contains(where: tools.mayRun) else { return }
        let old = ConfigurationEntries(file.file.old, path: file.path)
        let new = ConfigurationEntries(file.file.new, path: file.path)
        let added = old.added(in: new)
        let removed = new.added(in: old)
        for key in Set(added.keys).union(removed.keys).sorted() where known.concerns(key) {
            let gone = removed[key] ?? []
            let fresh = added[key] ?? []
            let isHarmless =
                isOwn
                ? gone.isEmpty && !file.file.isAdded && !fresh.contains { $0.word == "false" }
                : ConfigurationDirection(
                    key: key, removed: gone.map(\.word), added: fresh.map(\.word), existed: old.keys.contains(key)
                ).isHarmless
            if isHarmless { continue }
            // The first of its words, of which the order is not known.
            let line = (fresh.isEmpty ? gone : fresh).map(\.line).filter { $0 > 0 }.min()
            let change = [(gone, "without"), (fresh, "with")].compactMap { words, how in
                words.isEmpty
                    ? nil : "\(how) \(Self.quoted(words.map(\.word).sorted().prefix(6).joined(separator: " ")))"
            }
            find(
                .configurationChanged, file.path, line: line,
                message: "\(Self.quoted(key)) is now \(change.joined(separator: ", and "))")
        }
    }

    private mutating func reviewBuildMarkers(in file: ReviewedFile) {
        let markers = ConfigurationFile.buildMarkers(file.path)
        guard !markers.isEmpty else { return }
        for line in file.changes.added where Haystack(line.code).first(of: markers) != nil && !isMoved(line) {
            find(
                .configurationChanged, file.path, line: line.number,
                message: "\(Self.quoted(line.code)) can keep tests from running or from failing")
        }
    }
}

extension ConfigurationFile {
    /// Whether a key of the file is the tools' business.
    func concerns(_ key: String) -> Bool {
        switch scope {
        case .whole: tools != ["cofferdam"] || key == "checks" || key.hasPrefix("checks.")
        case .sections(let names): names.contains(where: key.hasPrefix)
        case .members(let names): names.contains { key == $0 || key.hasPrefix($0 + ".") }
        }
    }
}
