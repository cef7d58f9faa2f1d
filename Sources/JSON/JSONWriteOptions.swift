/// How a value is written.
public struct JSONWriteOptions: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// No white space at all, hence no raw newline: fit for newline-delimited framing.
    public static let compact: JSONWriteOptions = []
    /// One member or element a line, indented by two spaces.
    public static let pretty = JSONWriteOptions(rawValue: 1)
    /// Members ordered by the UTF-8 bytes of their keys instead of as they stand.
    public static let sortedKeys = JSONWriteOptions(rawValue: 2)
}
