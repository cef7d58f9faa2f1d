public enum FileChangeKind: String, Codable, Sendable, CaseIterable {
    case added, modified, deleted
}
