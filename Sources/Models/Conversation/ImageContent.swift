import FoundationEssentials
import JSON

/// A picture for the model to look at.
public struct ImageContent: Sendable, Hashable {
    /// One of ``mediaTypes``.
    public var mediaType: String
    /// The file's bytes.
    public var data: [UInt8]

    /// What every vendor takes.
    public static let mediaTypes: Set<String> = ["image/png", "image/jpeg", "image/gif", "image/webp"]

    public init(mediaType: String, data: [UInt8]) {
        self.mediaType = mediaType
        self.data = data
    }

    /// The bytes as Base64 (RFC 4648, section 4), which is how JSON carries them.
    public var base64: String { Data(data).base64EncodedString() }

    /// The picture as a `data:` URL (RFC 2397).
    var dataURL: String { "data:\(mediaType);base64,\(base64)" }

    /// A picture from Base64.
    /// - Returns: nil when the type is unknown or the text is no Base64.
    public init?(mediaType: String, base64: String) {
        guard Self.mediaTypes.contains(mediaType), let data = Data(base64Encoded: base64) else { return nil }
        self.init(mediaType: mediaType, data: Array(data))
    }
}

extension ImageContent {
    var json: JSON { ["mediaType": .string(mediaType), "data": .string(base64)] }

    init(json: JSON) throws(ConversationFormatError) {
        guard let type = json["mediaType"]?.stringValue, let text = json["data"]?.stringValue,
            let image = ImageContent(mediaType: type, base64: text)
        else {
            throw ConversationFormatError(description: "a picture lacks a known 'mediaType' or Base64 in 'data'")
        }
        self = image
    }

    static func images(_ json: JSON?) throws(ConversationFormatError) -> [ImageContent] {
        guard let json, !json.isNull else { return [] }
        guard let array = json.arrayValue else {
            throw ConversationFormatError(description: "'images' must be a list of pictures")
        }
        var images: [ImageContent] = []
        for element in array { images.append(try ImageContent(json: element)) }
        return images
    }
}
