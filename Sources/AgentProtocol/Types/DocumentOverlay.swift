/// An unsaved buffer.
public struct DocumentOverlay: Codable, Sendable, Equatable {
    /// Relative to the workspace folder.
    public var path: String
    public var text: String

    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}
