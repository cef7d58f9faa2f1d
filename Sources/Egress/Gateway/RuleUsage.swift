import Synchronization

/// What has gone through a rule in this session. Connections on several event loops share it.
final class RuleUsage: Sendable {
    private let bytes = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)

    /// Whether nothing more may pass.
    func isExhausted(_ limit: Int?) -> Bool {
        limit.map { bytes.load(ordering: .relaxed) >= $0 } ?? false
    }

    /// Counts bytes that are about to pass.
    ///
    /// - Returns: whether they may. When not, they stay counted: the limit is reached for good.
    func add(_ count: Int, limit: Int?) -> Bool {
        let total = bytes.wrappingAdd(count, ordering: .relaxed).newValue
        return limit.map { total <= $0 } ?? true
    }

    /// Takes a connection; to be given back with ``release()``. False when the limit is reached.
    func acquire(limit: Int?) -> Bool {
        let total = connections.wrappingAdd(1, ordering: .relaxed).newValue
        if let limit, total > limit {
            release()
            return false
        }
        return true
    }

    func release() { connections.wrappingSubtract(1, ordering: .relaxed) }
}
