import SupervisorProtocol

/// Interactive input on its way to a command: what was sent and not yet taken, kept in case it has to be sent again.
struct InputQueue {
    /// False until the supervisor has told how much it has.
    var isReady = false
    /// Offset of the first byte of `unacknowledged`: the supervisor has what comes before.
    private var base = 0
    private var unacknowledged: [UInt8] = []
    /// Bytes that the command has taken.
    private var taken = 0
    private var isClosed = false
    /// The command reads no more.
    private(set) var hasEnded = false
    /// A writer that waits for room, or for the supervisor's word.
    var waiter: CheckedContinuation<Void, Never>?

    private var end: Int { base + unacknowledged.count }

    /// Bytes that may be written now.
    var room: Int { isReady ? max(0, ProtocolLimits.inputWindow - (end - taken)) : 0 }
    var acceptsBytes: Bool { !hasEnded && !isClosed }

    mutating func finish() { hasEnded = true }

    mutating func append(_ bytes: ArraySlice<UInt8>, to id: ExecID) -> SupervisorRequest {
        defer { unacknowledged += bytes }
        return .input(id, offset: end, bytes: Array(bytes))
    }

    /// Nil when it was closed before, or when the request is to be sent once the supervisor has been heard.
    mutating func close(_ id: ExecID) -> SupervisorRequest? {
        guard acceptsBytes else { return nil }
        isClosed = true
        return isReady ? .closeInput(id, offset: end) : nil
    }

    /// Takes the first word of the supervisor on a connection; gives what has to be sent again.
    mutating func begin(_ state: InputState, _ id: ExecID) -> [SupervisorRequest] {
        if end < state.received {
            // Written by somebody before us.
            base = state.received
            unacknowledged = []
        }
        update(state)
        isReady = true
        guard state.isOpen else { return [] }
        var requests: [SupervisorRequest] = []
        for start in stride(from: 0, to: unacknowledged.count, by: ProtocolLimits.inputPart) {
            let part = unacknowledged[start..<min(unacknowledged.count, start + ProtocolLimits.inputPart)]
            requests.append(.input(id, offset: base + start, bytes: Array(part)))
        }
        if isClosed { requests.append(.closeInput(id, offset: end)) }
        return requests
    }

    mutating func update(_ state: InputState) {
        let known = min(max(0, state.received - base), unacknowledged.count)
        unacknowledged.removeFirst(known)
        base += known
        taken = max(taken, min(state.taken, end))
        if !state.isOpen { hasEnded = true }
    }
}
