/// By what git converts files of a workspace as it stores them, beside the `.gitattributes` files in the workspace itself.
public struct ConversionRules: Sendable, Codable, Equatable {
    /// `core.autocrlf` and `core.eol`, where they are set.
    public var settings: [String: String] = [:]
    /// What the repository's `info/attributes` and the user's own file say: less than `.gitattributes` files do.
    public var attributes: String?
    /// `.gitattributes` files above the workspace, by path in the repository.
    public var above: [String: String] = [:]

    public init() {}
}
