import JSON

extension Connection {
    /// Sends a request and waits for its result. When the task is cancelled or the time is up, the peer is told and
    /// the reply no longer awaited.
    /// - Throws: `ResponseError` as answered by the peer, `ConnectionError`, `TransportError`, `JSONDecodingError`
    ///   for a result of another shape, `CancellationError`.
    public func request<R: RequestType>(
        _ type: R.Type, _ params: R.Params, timeout: Duration? = nil
    ) async throws -> R.Result {
        let result = try await requestRaw(R.method, try JSONCoder.encode(params), timeout: timeout)
        return try JSONCoder.decode(R.Result.self, from: result)
    }

    /// Sends a request with parameters as plain JSON; see `request`. Nil and `null` both leave the parameters out.
    public func requestRaw(_ method: String, _ params: JSON?, timeout: Duration? = nil) async throws -> JSON {
        try Task.checkCancellation()
        let call = PendingCall(method: method)
        let params = try Self.checked(params, method)
        guard let id = state.withLock({ $0.open(call) }) else { throw ConnectionError.closed }
        defer { state.withLock { $0.forgetCall(id) } }

        let message = Message.request(id: RequestID(id), method: method, params: params)
        let timer = timeout.map { limit in
            Task {
                try await Task.sleep(for: limit)
                call.complete(.failure(ConnectionError.timedOut(method: method)))
            }
        }
        defer { timer?.cancel() }
        return try await withTaskCancellationHandler {
            try await transport.send(message.serialized)
            do {
                return try await call.value()
            } catch {
                if error is CancellationError || error as? ConnectionError == .timedOut(method: method) {
                    reportCancelled(id)
                }
                throw error
            }
        } onCancel: {
            call.complete(.failure(CancellationError()))
        }
    }

    /// Sends a notification. Returns when the transport has taken it, which a slow peer may delay.
    public func notify<N: NotificationType>(_ type: N.Type, _ params: N.Params) async throws {
        try await notifyRaw(N.method, try JSONCoder.encode(params))
    }

    /// Sends a notification with parameters as plain JSON. Nil and `null` both leave the parameters out.
    public func notifyRaw(_ method: String, _ params: JSON?) async throws {
        let message = Message.notification(method: method, params: try Self.checked(params, method))
        try await transport.send(message.serialized)
    }

    private static func checked(_ params: JSON?, _ method: String) throws(ConnectionError) -> JSON? {
        switch params {
        case nil, .some(.null): return nil
        case .some(.object), .some(.array): return params
        default: throw .invalidParams(method: method)
        }
    }

    /// Tells the peer that a request is given up. Not awaited: the caller has no more time to spend.
    private func reportCancelled(_ id: Int) {
        let method: String
        let params: JSON
        switch limits.cancelMethod {
        case .none: return
        case .cancelRequest: (method, params) = ("$/cancelRequest", ["id": .number(JSONNumber(id))])
        case .cancelRequestACP: (method, params) = ("$/cancel_request", ["requestId": .number(JSONNumber(id))])
        }
        Task {
            try? await transport.send(Message.notification(method: method, params: params).serialized)
        }
    }
}

extension RequestID {
    init(_ id: Int) { self = .number(JSONNumber(id)) }
}
