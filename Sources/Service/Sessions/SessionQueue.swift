import Agent

/// Which sessions have a sandbox, and in which order the others get one.
///
/// A session counts from the moment it is let in until it ends, also while it only waits for a prompt: its sandbox holds
/// memory and disk all the time. Among users the queue is fair: the user with the fewest sandboxes comes first, of several the
/// one who has waited longest for one; a user's own sessions come in the order in which they were started.
actor SessionQueue: SessionAdmission {
    private struct Waiting {
        var id: String
        var user: String
        /// When the session was started, by its number.
        var order: Int
        /// Nil until the session asks.
        var entry: Entry?
    }

    private struct Entry {
        var admitted: CheckedContinuation<Void, any Error>
        var tell: @Sendable (Int) async -> Void
    }

    private let limits: ConcurrencyLimits
    private var waiting: [Waiting] = []
    /// Users of those that have been let in, by session.
    private var inside: [String: String] = [:]
    /// When a user was last let in.
    private var lastTurn: [String: Int] = [:]
    private var turn = 0
    private var orders = 0
    /// Positions as they were last told.
    private var told: [String: Int] = [:]
    private var telling: Task<Void, Never>?

    init(_ limits: ConcurrencyLimits) {
        self.limits = limits
    }

    // MARK: Sessions

    /// A new session, or one that a former service had not let in. Its place is behind those that were announced before, also
    /// when it asks earlier than they do.
    func announce(_ id: String, user: String) {
        guard inside[id] == nil, !waiting.contains(where: { $0.id == id }) else { return }
        orders += 1
        waiting.append(Waiting(id: id, user: user, order: orders))
        advance()
    }

    /// A session that has a sandbox already: it was let in by a former service.
    func occupy(_ id: String, user: String) {
        inside[id] = user
    }

    /// The session has ended, or never began.
    func leave(_ id: String) {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            waiting.remove(at: index).entry?.admitted.resume(throwing: CancellationError())
        }
        inside[id] = nil
        told[id] = nil
        advance()
    }

    func admit(_ sessionId: String, position: @escaping @Sendable (Int) async -> Void) async throws {
        if inside[sessionId] != nil { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled, let index = waiting.firstIndex(where: { $0.id == sessionId }) else {
                    return continuation.resume(throwing: CancellationError())
                }
                waiting[index].entry = Entry(admitted: continuation, tell: position)
                advance()
            }
        } onCancel: {
            Task { await self.leave(sessionId) }
        }
    }

    /// From 1; nil for a session that does not wait.
    func position(of id: String) -> Int? {
        order().firstIndex(of: id).map { $0 + 1 }
    }

    /// Sessions that wait.
    var count: Int { waiting.count }

    // MARK: Order

    private var perUser: Int { min(limits.perUser ?? limits.total, limits.total) }

    /// Lets in who can be let in, and tells the others where they stand.
    private func advance() {
        while let next = next() {
            let session = waiting.remove(at: next)
            inside[session.id] = session.user
            turn += 1
            lastTurn[session.user] = turn
            told[session.id] = nil
            session.entry?.admitted.resume()
        }
        guard telling == nil else { return }
        telling = Task { await tell() }
    }

    private func next() -> Int? {
        guard inside.count < limits.total else { return nil }
        return Self.choose(from: waiting, counts: counts(), lastTurn: lastTurn, perUser: perUser)
    }

    private func counts() -> [String: Int] {
        inside.values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// The one that is let in next: of the user with the fewest sandboxes, then the longest wait, then the eldest session.
    private static func choose(
        from waiting: [Waiting], counts: [String: Int], lastTurn: [String: Int], perUser: Int
    ) -> Int? {
        let eligible = waiting.indices.filter { counts[waiting[$0].user, default: 0] < perUser }
        return eligible.min { one, other in
            let (one, other) = (waiting[one], waiting[other])
            let left = (counts[one.user, default: 0], lastTurn[one.user, default: 0], one.order)
            let right = (counts[other.user, default: 0], lastTurn[other.user, default: 0], other.order)
            return left < right
        }
    }

    /// Names in the order in which they would be let in if every place became free for them alone.
    private func order() -> [String] {
        var rest = waiting
        var counts = counts()
        var turns = lastTurn
        var turn = turn
        var names: [String] = []
        while let next = Self.choose(from: rest, counts: counts, lastTurn: turns, perUser: .max) {
            let session = rest.remove(at: next)
            counts[session.user, default: 0] += 1
            turn += 1
            turns[session.user] = turn
            names.append(session.id)
        }
        return names
    }

    /// Tells positions until they are as they were told. One at a time, so that none overtakes another.
    private func tell() async {
        while true {
            let entries = Dictionary(uniqueKeysWithValues: waiting.map { ($0.id, $0.entry) })
            let changed = order().enumerated().first { index, id in
                told[id] != index + 1 && entries[id].flatMap { $0 } != nil
            }
            guard let changed, let entry = entries[changed.element].flatMap({ $0 }) else { break }
            told[changed.element] = changed.offset + 1
            await entry.tell(changed.offset + 1)
        }
        telling = nil
    }
}
