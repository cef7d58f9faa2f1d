import AgentProtocol
import JSONRPC
import ServiceClient

extension ServerCore {
    /// The connection to the service, made when first needed.
    func agentService() throws -> any AgentServiceConnection {
        if let service { return service }
        var ask: (@Sendable (AgentApproveAsk.Params) async throws -> AgentApproveAsk.Result)?
        if settings.asksEditor { ask = { [weak self] params in try await Self.ask(self, params) } }
        let made = try makeService(
            settings,
            ServiceClientHandlers(
                progress: { [weak self] in await self?.received($0) },
                approve: ask,
                connectionChanged: { [weak self] in await self?.connectionChanged($0) },
                uploading: { [weak self] in await self?.uploading($0) },
                detached: { [weak self] in await self?.detached($0, $1) }))
        service = made
        return made
    }

    /// One request to the service. Its own answers pass; trouble in reaching it becomes an answer in words. Nothing
    /// is shown here: editors show the errors of what they asked for.
    func call<R: RequestType & SendableMetatype>(_ type: R.Type, _ params: R.Params) async throws -> R.Result {
        try await throughService { try await $0.call(type, params) }
    }

    func throughService<Value: Sendable>(
        _ body: @Sendable (any AgentServiceConnection) async throws -> Value
    ) async throws -> Value {
        let service: any AgentServiceConnection
        do { service = try agentService() } catch { throw Self.trouble(error) }
        do {
            let value = try await body(service)
            shownTroubles = []
            return value
        } catch let error as ResponseError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.trouble(error)
        }
    }

    private static func trouble(_ error: any Error) -> ResponseError {
        ResponseError(code: .requestFailed, message: (error as? ResponseError)?.message ?? "\(error)")
    }

    /// Runs in the background what nobody waits for; a failure reaches the user as a message, once until the service
    /// answers again.
    func inBackground(_ session: String, _ body: @escaping @Sendable (ServerCore) async throws -> Void) {
        Task {
            do { try await body(self) } catch is CancellationError {} catch {
                let text = (error as? ResponseError)?.message ?? "\(error)"
                guard shownTroubles.insert(text).inserted else { return }
                await showMessage(.error, session: session, text)
            }
        }
    }

    private func connectionChanged(_ state: ServiceConnectionState) async {
        switch state {
        case .connected:
            await traceMessage("connected to the service")
            guard isAway else { return }
            isAway = false
            await showMessage(.info, ": the service is back")
            for session in sessions.all where session.isBusy && caughtUp.contains(session.id) {
                await beginProgress(session.id)
                await updateProgress(session.id, session.activity)
            }
        case .reconnecting(let reason):
            guard !isAway else { return }
            isAway = true
            await showMessage(.warning, ": the service is away, reconnecting: \(reason)")
            for session in sessions.all where session.isBusy { await updateProgress(session.id, "reconnecting") }
        case .lost(let reason):
            isAway = true
            await showMessage(.error, ": the service is lost: \(reason)")
            for id in sessions.order { await endProgress(id, "the service is lost") }
        }
    }

    private func detached(_ id: String, _ reason: String) async {
        guard sessions[id] != nil else { return }
        let text = "no longer followed: \(DisplayText.exact(reason, limit: 300))"
        await endProgress(id, text)
        await showMessage(.warning, session: id, text)
    }
}
