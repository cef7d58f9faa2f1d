/// Hides the known secrets in a stream of bytes, whatever the boundaries of the chunks that it arrives in.
///
/// Each byte of a secret becomes an asterisk, so that every other byte keeps its offset.
public struct SecretMask: Sendable {
    private let secrets: KnownSecrets?
    /// The last bytes that were given out, as they came: a secret may have begun there.
    private var context: [UInt8] = []
    /// Held back, as it may be the beginning of a secret.
    private var held: [UInt8] = []

    private static let star = UInt8(ascii: "*")

    /// - Parameter secrets: nil hides nothing.
    public init(_ secrets: KnownSecrets?) { self.secrets = secrets }

    /// - Returns: the next bytes of the stream; they begin where the last ones ended. It may be none.
    public mutating func mask(_ chunk: [UInt8]) -> [UInt8] { advance(by: chunk, isEnd: false) }

    /// What is still held back when the stream ends.
    public mutating func finish() -> [UInt8] { advance(by: [], isEnd: true) }

    private mutating func advance(by chunk: [UInt8], isEnd: Bool) -> [UInt8] {
        guard let matcher = secrets?.matcher, !matcher.isEmpty else {
            defer { held = [] }
            context = []
            return held.isEmpty ? chunk : held + chunk
        }
        var bytes = context + held + chunk
        let start = context.count
        let findings = matcher.find(in: bytes)
        let end = isEnd ? bytes.count : max(start, findings.beginning ?? bytes.count)
        held = Array(bytes[end...])
        // Of the beginning of a secret as much may have been given out as nobody waits for.
        context = Array(bytes[..<end].suffix(SecretMatcher.anchor - 1))
        for range in findings.ranges {
            for index in range.clamped(to: start..<end) { bytes[index] = Self.star }
        }
        return Array(bytes[start..<end])
    }
}
