import FoundationEssentials

/// RFC 4648.
enum Base64 {
    static func encoded(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }

    /// For URLs and without padding (section 5).
    static func urlEncoded(_ bytes: [UInt8]) -> String {
        String(
            encoded(bytes).compactMap { character in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
