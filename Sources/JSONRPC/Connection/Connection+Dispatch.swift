import JSON

extension Connection {
    /// Takes requests and notifications in order until the queue ends.
    func dispatchQueue() async {
        while let item = await queue.next() {
            switch item {
            case .request(let request, let params): await dispatch(request, params)
            case .notification(let method, let params): await dispatchNotification(method, params)
            }
        }
    }

    private func dispatch(_ request: IncomingRequest, _ params: JSON?) async {
        let entry: Router.RequestEntry
        do throws(ResponseError) {
            guard request.begin() else { throw ResponseError(answering: CancellationError()) }
            try router.beforeDispatch?(request.method, true)
            entry = try requestEntry(request.method)
        } catch {
            await finish(request, .failure(error))
            return
        }
        let context = RequestContext(id: request.id, connection: self)
        let task = startTask {
            let result: Result<JSON, ResponseError>
            do {
                result = .success(try await entry.body(params, context))
            } catch {
                result = .failure(self.answer(to: error, from: request))
            }
            await self.finish(request, result)
            self.activity.end()
        }
        request.attach(task)
        if entry.order == .serial { await task.value }
    }

    private func requestEntry(_ method: String) throws(ResponseError) -> Router.RequestEntry {
        if let entry = router.requests[method] { return entry }
        guard let fallback = router.fallbackRequest, !method.hasPrefix("$/") else {
            throw ResponseError(code: .methodNotFound, message: "unknown method \(method.prefix(128))")
        }
        return Router.RequestEntry(order: .concurrent) { params, context in
            try await fallback(method, params, context)
        }
    }

    private func answer(to error: any Error, from request: IncomingRequest) -> ResponseError {
        let answer = ResponseError(answering: error)
        if answer.code == .internalError {
            observer(.handlerFailed(method: request.method, reason: answer.message))
        }
        return answer
    }

    /// Replies first, then frees the id: a peer that reuses it has seen the reply.
    private func finish(_ request: IncomingRequest, _ result: Result<JSON, ResponseError>) async {
        await reply(request.id, result)
        state.withLock { $0.finish(request) }
    }

    /// Starts a handler so that its first stretch, up to the first suspension, runs before the next message is looked
    /// at: plain tasks start in any order.
    private func startTask(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        activity.begin()
        if #available(macOS 26.0, *) {
            return Task.immediate(operation: body)
        }
        return Task(operation: body)
    }

    private func dispatchNotification(_ method: String, _ params: JSON?) async {
        do {
            try router.beforeDispatch?(method, false)
            if let handler = router.notifications[method] {
                try await handler(params, self)
            } else if let fallback = router.fallbackNotification, !method.hasPrefix("$/") {
                await fallback(method, params, self)
            } else if !method.hasPrefix("$/") {
                observer(.ignoredNotification(method: method, reason: "nobody handles it"))
            }
        } catch {
            observer(.ignoredNotification(method: method, reason: String(describing: error)))
        }
    }
}
