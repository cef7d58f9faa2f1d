import Agent
import AgentProtocol
import Git
import JSONRPC
import Sandbox
import Store

extension SessionManager {
    /// Events that are read at a time, from the newest on.
    private static let eventPage = 500

    public func publish(_ params: AgentPublish.Params, client: String) async throws -> AgentPublish.Result {
        do {
            let outcome = try await publication(params, client: client)
            if let publication = outcome.publication {
                try await live[params.sessionId]?.session.watch(publication)
            }
            if let failure = outcome.failure { throw failure }
            return outcome.result
        } catch let error as ResponseError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as StoreError {
            throw ResponseError(code: .internalError, message: "\(error)")
        } catch {
            throw ResponseError(code: .requestFailed, message: "\(error)")
        }
    }

    /// Publishes, and writes that into the session's log.
    func publication(_ params: AgentPublish.Params, client: String) async throws -> PublishJob.Outcome {
        let record = try record(params.sessionId)
        guard publishing.insert(params.sessionId).inserted else {
            throw ResponseError(code: .overloaded, message: "the session is being published already")
        }
        defer { publishing.remove(params.sessionId) }
        await live[params.sessionId]?.session.settleCommits()
        guard
            let history = try await Background.run({ [repository = repository(record.sessionId)] in
                repository.history()
            }), history.tip.tree != history.base.tree || params.kind != .patch
        else { throw PublishError.nothingChanged }
        let job = PublishJob(
            params: params, record: record, history: history,
            stateDirectory: directory(record.sessionId), settings: configuration.publish,
            access: configuration.remotes, mirrors: mirrors,
            evidence: try await evidence(of: record, history))
        let outcome = try await job.run()
        if let event = outcome.event(client) {
            let log =
                try live[record.sessionId]?.log
                ?? stored { try EventLog(sessionId: record.sessionId, store: store) }
            _ = try await log.append(.sessionPublished(event))
        }
        return outcome
    }

    /// What the last turn proved, if it is of the files that the session's newest commit has.
    private func evidence(of record: SessionRecord, _ history: SessionHistory) async throws -> PublishEvidence {
        guard let turn = try lastTurn(of: record.sessionId) else { return PublishEvidence() }
        let repository = repository(record.sessionId)
        let tree = try await Background.run {
            guard let id = ObjectID(hex: history.tip.commit), let opened = try? repository.open(),
                let commit = try? opened.commit(id)
            else { return String?.none }
            let trailer = "Cofferdam-Tree: "
            return String(decoding: commit.message, as: UTF8.self).split(separator: "\n")
                .last { $0.hasPrefix(trailer) }.map { String($0.dropFirst(trailer.count)) }
        }
        guard turn.treeHash == tree else {
            return PublishEvidence(gap: "The checks of the last turn ran on other files than these.")
        }
        return PublishEvidence(outcome: turn.outcome, checks: turn.evidence, findings: turn.gateFindings ?? [])
    }

    private func lastTurn(of id: String) throws -> TurnCompleted? {
        var end = try stored { try store.lastSeq(of: id) }
        while end > 0 {
            let start = max(0, end - Self.eventPage)
            var after = start
            var found: TurnCompleted?
            // A page may come in several answers, as large events end them.
            while after < end {
                let events = try stored { try store.events(of: id, afterSeq: after, limit: end - after) }
                guard let last = events.last else { break }
                for event in events {
                    if case .turnCompleted(let turn)? = try? event.event() { found = turn }
                }
                after = last.seq
            }
            if let found { return found }
            end = start
        }
        return nil
    }
}
