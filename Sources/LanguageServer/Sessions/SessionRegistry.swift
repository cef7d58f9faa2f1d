/// The sessions that this editor started or attached to, oldest first.
struct SessionRegistry: Sendable {
    private(set) var order: [String] = []
    private var byID: [String: SessionView] = [:]

    /// Ended sessions beyond this many are forgotten, oldest first.
    static let mostSessions = 200

    var all: [SessionView] { order.compactMap { byID[$0] } }
    var newest: SessionView? { order.last.flatMap { byID[$0] } }

    subscript(id: String) -> SessionView? { byID[id] }

    /// Adds a session unless it is there. Returns the ids of forgotten ones.
    mutating func add(_ session: SessionView) -> [String] {
        guard byID[session.id] == nil else { return [] }
        order.append(session.id)
        byID[session.id] = session
        var forgotten: [String] = []
        while order.count > Self.mostSessions, let index = order.firstIndex(where: { byID[$0]?.isLive != true }) {
            let id = order.remove(at: index)
            byID[id] = nil
            forgotten.append(id)
        }
        return forgotten
    }

    mutating func remove(_ id: String) {
        order.removeAll { $0 == id }
        byID[id] = nil
    }

    /// Changes a session in place; nil when it is not known.
    @discardableResult
    mutating func modify<Value>(_ id: String, _ body: (inout SessionView) -> Value) -> Value? {
        guard let index = byID.index(forKey: id) else { return nil }
        return body(&byID.values[index])
    }

    /// The shortest beginning of the id, from four characters, that no other known session shares.
    func shortName(_ id: String) -> String {
        var length = 4
        while length < id.count, order.contains(where: { $0 != id && $0.hasPrefix(id.prefix(length)) }) {
            length += 1
        }
        return DisplayText.exact(String(id.prefix(length)))
    }
}
