/// What the first bytes of a picture say: its format and its size. Total: any bytes, no trap, one pass.
public struct PictureHeader: Sendable, Equatable {
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    public var mediaType: String
    /// Pixels.
    public var width: Int
    /// Pixels.
    public var height: Int

    /// - Returns: nil when the bytes are no picture of a format that models read.
    public init?(_ bytes: [UInt8]) {
        let reader = Reader(bytes: bytes)
        guard let read = reader.png() ?? reader.gif() ?? reader.webP() ?? reader.jpeg(), read.width > 0, read.height > 0
        else { return nil }
        self = read
    }

    private init(_ mediaType: String, _ width: Int, _ height: Int) {
        self.mediaType = mediaType
        self.width = width
        self.height = height
    }

    /// A summary of the picture of `bytes` bytes that this is the header of.
    public func summary(bytes: Int, name: String? = nil) -> ImageSummary {
        ImageSummary(name: name, mediaType: mediaType, bytes: bytes, width: width, height: height)
    }

    private struct Reader {
        let bytes: [UInt8]

        func has(_ text: StaticString, at offset: Int) -> Bool {
            text.withUTF8Buffer { wanted in
                offset + wanted.count <= bytes.count && bytes[offset..<(offset + wanted.count)].elementsEqual(wanted)
            }
        }

        /// `count` bytes as a number, the most significant first.
        func big(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset + count <= bytes.count else { return nil }
            return bytes[offset..<(offset + count)].reduce(0) { $0 << 8 | Int($1) }
        }

        func little(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset + count <= bytes.count else { return nil }
            return bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }

        /// PNG (third edition), sections 5.2 and 11.2.1.
        func png() -> PictureHeader? {
            guard big(0, 8) == Int(bitPattern: 0x8950_4E47_0D0A_1A0A as UInt), has("IHDR", at: 12),
                let width = big(16, 4), let height = big(20, 4)
            else { return nil }
            return PictureHeader("image/png", width, height)
        }

        /// GIF89a, sections 17 and 18.
        func gif() -> PictureHeader? {
            guard has("GIF87a", at: 0) || has("GIF89a", at: 0), let width = little(6, 2), let height = little(8, 2)
            else { return nil }
            return PictureHeader("image/gif", width, height)
        }

        /// RFC 9649, section 2.
        func webP() -> PictureHeader? {
            guard has("RIFF", at: 0), has("WEBP", at: 8) else { return nil }
            if has("VP8X", at: 12), let width = little(24, 3), let height = little(27, 3) {
                return PictureHeader("image/webp", width + 1, height + 1)
            }
            if has("VP8L", at: 12), little(20, 1) == 0x2F, let sizes = little(21, 4) {
                return PictureHeader("image/webp", sizes & 0x3FFF + 1, sizes >> 14 & 0x3FFF + 1)
            }
            // RFC 6386, section 9.1: a key frame's tag, then its start code.
            if has("VP8 ", at: 12), little(23, 3) == 0x2A019D, let width = little(26, 2), let height = little(28, 2) {
                return PictureHeader("image/webp", width & 0x3FFF, height & 0x3FFF)
            }
            return nil
        }

        /// ITU-T T.81, annex B: segments up to the first frame header.
        func jpeg() -> PictureHeader? {
            guard big(0, 3) == 0xFFD8FF else { return nil }
            var offset = 2
            while let mark = big(offset, 2), mark >> 8 == 0xFF {
                let code = mark & 0xFF
                switch code {
                case 0xFF: offset += 1  // fill
                case 0x01, 0xD0...0xD8: offset += 2  // without a length
                case 0xD9, 0xDA: return nil
                case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                    guard let height = big(offset + 5, 2), let width = big(offset + 7, 2) else { return nil }
                    return PictureHeader("image/jpeg", width, height)
                default:
                    guard let length = big(offset + 2, 2), length >= 2 else { return nil }
                    offset += 2 + length
                }
            }
            return nil
        }
    }
}
