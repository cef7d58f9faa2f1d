/// A range in a text: lines and columns from 1, columns in UTF-8 bytes, the end exclusive.
///
/// Compilers count this way; the language server turns it into the client's position encoding.
public struct TextRange: Codable, Sendable, Hashable {
    public var startLine: Int
    public var startColumn: Int
    public var endLine: Int
    public var endColumn: Int

    public init(startLine: Int, startColumn: Int, endLine: Int, endColumn: Int) {
        self.startLine = startLine
        self.startColumn = startColumn
        self.endLine = endLine
        self.endColumn = endColumn
    }
}
