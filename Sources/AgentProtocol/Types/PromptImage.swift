/// A picture for the model to look at: PNG, JPEG, GIF or WebP, which its bytes tell.
public struct PromptImage: Codable, Sendable, Equatable {
    /// Base64 of the file's bytes; at most 3 750 000 of them.
    public var data: String
    /// What the user calls it, such as the file's name; the model reads it too.
    public var name: String?

    public init(data: String, name: String? = nil) {
        self.data = data
        self.name = name
    }
}
