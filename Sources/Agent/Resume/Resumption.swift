import JSON
import Synchronization

/// What a session had kept when the service before this one ended; empty for a session that is new.
///
/// Who begins something again asks for what is kept of it. A value is given once: what begins later is new.
final class Resumption: Sendable {
    private let values: Mutex<[String: [UInt8]]>

    /// Conversations of days; far beyond, something is wrong.
    private static let limits = JSONLimits(maxBytes: 256 << 20)

    init(_ values: [String: [UInt8]] = [:]) { self.values = Mutex(values) }

    func has(_ key: String) -> Bool { values.withLock { $0[key] != nil } }

    /// - Returns: nil when nothing is kept under the key, or when it is not what is expected.
    func take<T: Decodable>(_ key: String, as type: T.Type = T.self) -> T? {
        guard let bytes = values.withLock({ $0.removeValue(forKey: key) }) else { return nil }
        return try? JSONCoder.decode(type, from: JSON(parsing: bytes, limits: Self.limits))
    }

    func takeJSON(_ key: String) -> JSON? {
        guard let bytes = values.withLock({ $0.removeValue(forKey: key) }) else { return nil }
        return try? JSON(parsing: bytes, limits: Self.limits)
    }

    /// What follows `prefix` in the keys that begin with it.
    func names(_ prefix: String) -> [String] {
        values.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.utf8.count)) } }
    }

    /// The numbers that follow `prefix`, in order.
    func numbers(_ prefix: String) -> [Int] { names(prefix).compactMap { Int($0) }.sorted() }
}
