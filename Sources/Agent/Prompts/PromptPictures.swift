import AgentProtocol
import Models

/// The pictures of a prompt, read and checked: one that an endpoint refuses would stand in the way of every later answer.
public struct PromptPictures: Sendable {
    private let pictures: [(content: ImageContent, summary: ImageSummary)]

    /// - Throws: `AgentError.invalidParams`, which says of which picture.
    public init(_ images: [PromptImage]?) throws(AgentError) {
        let images = images ?? []
        guard images.count <= ModelLimits.pictures else {
            throw .invalidParams("\(images.count) images; at most \(ModelLimits.pictures) go with a prompt")
        }
        var pictures: [(content: ImageContent, summary: ImageSummary)] = []
        var total = 0
        for (position, image) in images.enumerated() {
            let name = image.name.map(Self.harmless)
            let shown = "image \(position + 1)\(name.map { " (\($0))" } ?? "")"
            // Of what is too long nothing is read.
            guard image.data.utf8.count <= (PictureLimits.bytes + 2) / 3 * 4 else {
                throw .invalidParams("\(shown) has more than \(PictureLimits.bytes) bytes; make a smaller copy")
            }
            guard let bytes = Base64.decode(image.data) else { throw .invalidParams("\(shown): `data` is no Base64") }
            guard let header = PictureHeader(bytes) else {
                throw .invalidParams("\(shown) is no PNG, JPEG, GIF or WebP")
            }
            guard let content = Self.content(bytes, header) else {
                throw .invalidParams(
                    "\(shown) has \(bytes.count) bytes and \(header.width) × \(header.height) pixels; at most "
                        + "\(PictureLimits.bytes) bytes and \(PictureLimits.side) pixels a side are taken")
            }
            total += bytes.count
            pictures.append((content, header.summary(bytes: bytes.count, name: name)))
        }
        guard total <= ModelLimits.pictureBytes else {
            throw .invalidParams(
                "the images have \(total) bytes together; at most \(ModelLimits.pictureBytes) go with a prompt")
        }
        self.pictures = pictures
    }

    public var isEmpty: Bool { pictures.isEmpty }

    /// For events; nil when there are none.
    var summaries: [ImageSummary]? { pictures.isEmpty ? nil : pictures.map(\.summary) }

    /// What the model reads before the prompt's text, each picture after its name.
    var blocks: [ContentBlock] {
        pictures.enumerated().flatMap { position, picture -> [ContentBlock] in
            let name = picture.summary.name.map { ", \($0)" } ?? ""
            return [.text("Image \(position + 1)\(name):"), .image(picture.content)]
        }
    }

    /// - Returns: nil when it is larger than every vendor takes.
    static func content(_ bytes: [UInt8], _ header: PictureHeader) -> ImageContent? {
        guard bytes.count <= PictureLimits.bytes, max(header.width, header.height) <= PictureLimits.side else {
            return nil
        }
        return ImageContent(mediaType: header.mediaType, data: bytes)
    }

    /// A picture that was kept.
    static func content(_ base64: String) -> ImageContent? {
        guard let bytes = Base64.decode(base64), let header = PictureHeader(bytes) else { return nil }
        return content(bytes, header)
    }

    /// A name in one short line.
    private static func harmless(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(PictureLimits.nameCharacters).filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
            default: true
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
