import JSON

extension Connection {
    /// Reads until the transport ends or the stream makes no sense any more.
    func readMessages() async {
        for await event in transport.inbound {
            switch event {
            case .message(let bytes):
                await receive(bytes)
            case .malformed(let reason, let isRecoverable):
                observer(.malformedMessage(reason: reason))
                await reply(.null, .failure(ResponseError(code: .parseError, message: reason)))
                if !isRecoverable { return }
            }
        }
    }

    private func receive(_ bytes: [UInt8]) async {
        let json: JSON
        do {
            json = try JSON(parsing: bytes, limits: limits.json)
        } catch {
            observer(.malformedMessage(reason: error.description))
            await reply(.null, .failure(ResponseError(code: .parseError, message: error.description)))
            return
        }
        switch Message(json, requiresVersion: limits.requiresVersion) {
        case .request(let id, let method, let params):
            switch state.withLock({ $0.admit(id, method: method, limit: limits.maxIncomingRequests) }) {
            case .success(let request): await queue.push(.request(request, params: params), cost: bytes.count)
            case .failure(let error): await reply(id, .failure(error))
            }
        case .notification(let method, let params):
            if cancelRequest(method, params) { return }
            await queue.push(.notification(method: method, params: params), cost: bytes.count)
        case .response(let id, let result):
            settle(id, result.mapError { $0 })
        case .hollowResponse(let id):
            await receiveHollowResponse(id)
        case .invalid(let id, let reason):
            observer(.malformedMessage(reason: reason))
            await reply(id, .failure(ResponseError(code: .invalidRequest, message: reason)))
        }
    }

    /// Handles the peer giving up a request: `$/cancelRequest` of LSP, `$/cancel_request` of ACP.
    private func cancelRequest(_ method: String, _ params: JSON?) -> Bool {
        let id: JSON?
        switch method {
        case "$/cancelRequest": id = params?["id"]
        case "$/cancel_request": id = params?["requestId"]
        default: return false
        }
        if let id = id.flatMap({ RequestID($0) }) { state.withLock { $0.incomingRequest(id) }?.cancel() }
        return true
    }

    private func settle(_ id: RequestID, _ result: Result<JSON, any Error>) {
        if let call = state.withLock({ $0.takeCall(id) }), call.complete(result) { return }
        if id == .null, case .failure(let error as ResponseError) = result {
            observer(.peerReportedError(error))
        } else {
            observer(.unexpectedResponse(id: id))
        }
    }

    private func receiveHollowResponse(_ id: RequestID) async {
        if let call = state.withLock({ $0.takeCall(id) }) {
            call.complete(.failure(ConnectionError.invalidResponse(method: call.method)))
            return
        }
        let reason = "the message has neither a method nor a result"
        observer(.malformedMessage(reason: reason))
        await reply(id, .failure(ResponseError(code: .invalidRequest, message: reason)))
    }

    func reply(_ id: RequestID, _ result: Result<JSON, ResponseError>) async {
        do {
            try await transport.send(Message.response(id: id, result).serialized)
        } catch {
            observer(.replyLost(reason: String(describing: error)))
        }
    }
}
