/// What the gateway said of a connection.
public enum EgressVerdict: String, Codable, Sendable, CaseIterable {
    case allow
    case deny
}
