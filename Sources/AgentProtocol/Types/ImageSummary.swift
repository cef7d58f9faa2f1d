/// A picture that went to the model, without its bytes.
public struct ImageSummary: Codable, Sendable, Equatable {
    /// What the user calls it.
    public var name: String?
    public var mediaType: String
    /// Length of the file.
    public var bytes: Int
    /// Pixels.
    public var width: Int
    /// Pixels.
    public var height: Int

    public init(name: String? = nil, mediaType: String, bytes: Int, width: Int, height: Int) {
        self.name = name
        self.mediaType = mediaType
        self.bytes = bytes
        self.width = width
        self.height = height
    }
}

extension ImageSummary {
    /// For a person: `login.png (PNG, 640 × 480)`.
    public var words: String {
        let format = mediaType.split(separator: "/").last.map { $0.uppercased() } ?? mediaType
        return "\(name ?? "picture") (\(format), \(width) × \(height))"
    }
}
