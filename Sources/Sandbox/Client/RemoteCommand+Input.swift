import SupervisorProtocol

extension RemoteCommand {
    func write(_ bytes: [UInt8]) async throws {
        await writing.take()
        defer { writing.giveBack() }
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            switch nextPart(rest) {
            case .ended: throw SandboxError.inputClosed(id)
            case .sent(let count): rest = rest.dropFirst(count)
            case .full: await waitForRoom()
            }
        }
    }

    func closeInput() async {
        await writing.take()
        defer { writing.giveBack() }
        state.withLock { state in
            if let request = state.input.close(id) { send(request) }
        }
    }

    func resize(_ size: TerminalSize) async {
        state.withLock { $0.size = size }
        send(.resize(id, TerminalCells(size)))
    }

    private enum Part {
        case ended
        case full
        case sent(Int)
    }

    /// Sends within the lock: what is sent again on a new connection must not overtake.
    private func nextPart(_ rest: ArraySlice<UInt8>) -> Part {
        state.withLock { state in
            guard state.input.acceptsBytes, state.result == nil else { return .ended }
            let count = min(rest.count, state.input.room, ProtocolLimits.inputPart)
            guard count > 0 else { return .full }
            send(state.input.append(rest.prefix(count), to: id))
            return .sent(count)
        }
    }

    private func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.input.acceptsBytes, state.result == nil, state.input.room == 0, !Task.isCancelled else {
                        return false
                    }
                    state.input.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            wakeWriter()
        }
    }

    func wakeWriter() {
        let waiter = state.withLock { $0.input.waiter.take() }
        waiter?.resume()
    }

    // MARK: For the link

    /// The supervisor knows the command; `token` tells for which connection it says so.
    func attached(token: UInt64, _ input: InputState) {
        let isCurrent = state.withLock { state in
            guard token == state.token else { return false }
            for request in state.input.begin(input, id) { send(request) }
            return true
        }
        guard isCurrent else { return }
        wakeWriter()
        accept(.success(()))
    }

    func updateInput(_ input: InputState) {
        state.withLock { if $0.input.isReady { $0.input.update(input) } }
        wakeWriter()
    }
}

extension TerminalCells {
    init(_ size: TerminalSize) {
        self.init(columns: UInt16(clamping: size.columns), rows: UInt16(clamping: size.rows))
    }
}
