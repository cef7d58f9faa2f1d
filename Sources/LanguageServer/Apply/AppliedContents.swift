/// What was written of sessions' results, as long as the editor runs: a later result is compared with it.
struct AppliedContents: Sendable {
    /// Beyond this the eldest sessions are forgotten: their files are compared with the session's beginning again.
    static let mostBytes = 32 << 20

    private var files: [String: [String: [UInt8]]] = [:]
    private var order: [String] = []
    private var bytes = 0

    subscript(_ session: String) -> [String: [UInt8]] { files[session] ?? [:] }

    mutating func keep(_ contents: [UInt8]?, of path: String, _ session: String) {
        bytes -= files[session]?[path]?.count ?? 0
        files[session, default: [:]][path] = contents
        bytes += contents?.count ?? 0
        if !order.contains(session) { order.append(session) }
        while bytes > Self.mostBytes, let eldest = order.first { forget(eldest) }
    }

    mutating func forget(_ session: String) {
        bytes -= files.removeValue(forKey: session)?.values.reduce(0) { $0 + $1.count } ?? 0
        order.removeAll { $0 == session }
    }
}
