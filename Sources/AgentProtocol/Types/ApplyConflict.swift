/// A file that was not applied.
public struct ApplyConflict: Codable, Sendable, Equatable {
    public var path: String
    /// Why, and what the user can do.
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}
