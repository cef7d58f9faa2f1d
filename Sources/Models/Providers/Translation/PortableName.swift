import Crypto

/// Names of calls and tools that every vendor takes back. A conversation may have begun with another vendor, whose ids
/// are longer or made of other characters; and a model may call a tool by a name that no tool could have.
enum PortableName {
    /// OpenAI refuses longer ids; the others allow 64.
    private static let maximumCallIDBytes = 40
    private static let maximumToolNameBytes = 64
    private static let digestCharacters = 32

    /// `id` if all vendors take it, else one made from it, always the same.
    static func callID(_ id: String) -> String {
        if !id.isEmpty, id.utf8.count <= maximumCallIDBytes, id.utf8.allSatisfy(isPortable) { return id }
        let digest = SHA256.hash(data: Array(id.utf8)).flatMap { byte in
            [byte >> 4, byte & 15].map { String($0, radix: 16) }
        }
        return "call_" + digest.prefix(digestCharacters).joined()
    }

    /// `name` with `_` in place of what vendors refuse in the name of a tool.
    static func tool(_ name: String) -> String {
        guard !name.isEmpty else { return "unnamed" }
        let bytes = name.utf8.prefix(maximumToolNameBytes).map { isPortable($0) ? $0 : UInt8(ascii: "_") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `key` if it is short enough for a cache key, else one made from it.
    static func cacheKey(_ key: String) -> String {
        key.utf8.count <= maximumToolNameBytes ? key : callID(key)
    }

    private static func isPortable(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Reasoning {
    /// Whether `vendor` may be shown the proofs and the encrypted parts.
    func isOwn(of vendor: String) -> Bool {
        (provider ?? AnthropicMessages.vendor) == vendor
    }
}
