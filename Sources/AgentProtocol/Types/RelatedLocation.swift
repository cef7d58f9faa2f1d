/// A further place that explains a diagnostic: a note, an earlier declaration.
public struct RelatedLocation: Codable, Sendable, Hashable {
    public var path: String
    public var range: TextRange?
    public var message: String

    public init(path: String, range: TextRange?, message: String) {
        self.path = path
        self.range = range
        self.message = message
    }
}
