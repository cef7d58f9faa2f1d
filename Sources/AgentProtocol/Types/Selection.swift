/// A part of a file that the user points at.
public struct Selection: Codable, Sendable, Equatable {
    /// Relative to the workspace folder.
    public var path: String
    public var range: TextRange
    public var text: String?

    public init(path: String, range: TextRange, text: String? = nil) {
        self.path = path
        self.range = range
        self.text = text
    }
}
