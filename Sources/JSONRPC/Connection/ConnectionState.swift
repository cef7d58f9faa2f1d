import JSON

/// What a connection keeps under its lock.
struct ConnectionState {
    private var nextID = 0
    private var pending: [Int: PendingCall] = [:]
    private var incoming: [Int: IncomingRequest] = [:]
    private var incomingByID: [RequestID: IncomingRequest] = [:]
    private var nextSerial = 0
    var hasRun = false
    /// No replies can come any more.
    private(set) var isEnded = false

    // Outgoing

    /// Registers an outgoing request under a fresh id; nil after the end.
    mutating func open(_ call: PendingCall) -> Int? {
        guard !isEnded else { return nil }
        nextID += 1
        pending[nextID] = call
        return nextID
    }

    /// The request that a reply belongs to. Peers without integers may echo `7` as `7.0`.
    mutating func takeCall(_ id: RequestID) -> PendingCall? {
        guard case .number(let number) = id, let key = number.int else { return nil }
        return pending.removeValue(forKey: key)
    }

    mutating func forgetCall(_ id: Int) { pending[id] = nil }

    /// Ends the outgoing side and gives the calls that will have no reply.
    mutating func end() -> [PendingCall] {
        isEnded = true
        defer { pending = [:] }
        return Array(pending.values)
    }

    // Incoming

    /// Registers a request of the peer, or says why it is refused.
    mutating func admit(_ id: RequestID, method: String, limit: Int) -> Result<IncomingRequest, ResponseError> {
        if id != .null, incomingByID[id] != nil {
            return .failure(ResponseError(code: .invalidRequest, message: "a request with this id is still running"))
        }
        guard incoming.count < limit else {
            return .failure(ResponseError(code: .overloaded, message: "more than \(limit) requests at once"))
        }
        nextSerial += 1
        let request = IncomingRequest(id: id, method: method, serial: nextSerial)
        incoming[nextSerial] = request
        if id != .null { incomingByID[id] = request }
        return .success(request)
    }

    func incomingRequest(_ id: RequestID) -> IncomingRequest? { incomingByID[id] }

    mutating func finish(_ request: IncomingRequest) {
        incoming[request.serial] = nil
        if incomingByID[request.id] === request { incomingByID[request.id] = nil }
    }

    var incomingRequests: [IncomingRequest] { Array(incoming.values) }
}
