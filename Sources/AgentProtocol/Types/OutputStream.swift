public enum OutputStream: String, Codable, Sendable, CaseIterable {
    case stdout, stderr
}
