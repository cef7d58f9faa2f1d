import Synchronization

/// The secrets that a process has met: what it writes down is cleaned of all of them, whoever said them.
///
/// A text can come back from anywhere: a key from an endpoint that quotes the header it refuses, a credential from a
/// host that echoes requests, a session's token from a program that prints its environment.
public final class KnownSecrets: Sendable {
    private struct State {
        /// How often each was made known.
        var uses: [String: Int] = [:]
        var matcher = SecretMatcher([])
    }

    /// Shorter values are no secrets, or would tear holes into every text without hiding anything.
    public static let shortestSecret = 8
    static let mark = "<redacted>"

    private let state = Mutex(State())

    public init(_ secrets: [SecretString] = []) { add(secrets) }

    public func add(_ secret: SecretString) { add([secret]) }

    /// Makes secrets known, for good or until they are forgotten. Those that are too short are passed over.
    public func add(_ secrets: [SecretString]) {
        change { uses in
            for secret in secrets.map({ $0.reveal() }) where secret.utf8.count >= Self.shortestSecret {
                uses[secret, default: 0] += 1
            }
        }
    }

    /// Called for secrets that are good for nothing any more, as often as they were added.
    public func forget(_ secret: SecretString) {
        change { uses in
            guard let count = uses[secret.reveal()] else { return }
            uses[secret.reveal()] = count > 1 ? count - 1 : nil
        }
    }

    private func change(_ body: (inout [String: Int]) -> Void) {
        state.withLock { state in
            let before = Set(state.uses.keys)
            body(&state.uses)
            guard Set(state.uses.keys) != before else { return }
            state.matcher = SecretMatcher(state.uses.keys.lazy.flatMap(SecretForms.all))
        }
    }

    var matcher: SecretMatcher { state.withLock { $0.matcher } }

    /// `text` with every secret that is known replaced by a mark, also where it is Base64, hexadecimal, percent-encoded
    /// or escaped as in JSON.
    public func redact(_ text: String) -> String {
        let matcher = matcher
        guard !matcher.isEmpty, let clean = matcher.replacing(Array(text.utf8), with: Array(Self.mark.utf8)) else {
            return text
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// The same for bytes of UTF-8, such as JSON: the mark stands in any string.
    public func redact(_ bytes: [UInt8]) -> [UInt8] {
        matcher.replacing(bytes, with: Array(Self.mark.utf8)) ?? bytes
    }
}
