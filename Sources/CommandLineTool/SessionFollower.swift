import AgentProtocol
import ArgumentParser
import Dispatch
import ServiceClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Follows a session until its turn ends.
struct SessionFollower {
    let session: ServiceSession
    let sessionId: String
    let json: Bool
    /// The session's folder, which its commits are brought to; nil: it works on a remote repository.
    let folder: String?
    /// Answers every approval with `allowOnce`.
    var approvesAll = false
    /// Turns to be followed.
    var turns = 1

    /// How the wait ended.
    enum End {
        case turn(TurnCompleted)
        /// The session is over.
        case status(SessionStatusEvent)
        case lost
    }

    /// Shows events until a turn that ends after `seq` has ended and nothing is queued behind it.
    func follow(untilTurnAfter seq: Int) async -> End {
        var printer = EventPrinter(json: json)
        let count = InterruptCount()
        let interrupts = interruptSource(count)
        defer { interrupts.cancel() }
        let receiver = session.receiver()
        let end = await follow(untilTurnAfter: seq, &printer, receiver, count)
        await receiver.settle()
        return end
    }

    private func follow(
        untilTurnAfter seq: Int, _ printer: inout EventPrinter, _ receiver: StepReceiver, _ interrupts: InterruptCount
    ) async -> End {
        var left = turns
        for await progress in session.events {
            printer.show(progress)
            if let folder, StepReceiver.isNews(progress.event) { await receiver.receive(sessionId, folder: folder) }
            switch progress.event {
            case .turnCompleted(let event) where progress.seq > seq:
                left -= 1
                // Who ends a turn does not wait for the next one.
                if await interrupts.isNone, left > 0 { break }
                return .turn(event)
            case .sessionStatus(let event) where !event.state.isLive:
                return .status(event)
            case .approvalRequested(let event) where approvesAll:
                let params = AgentApprove.Params(
                    sessionId: sessionId, approvalId: event.approval.approvalId, decision: .allowOnce)
                _ = try? await session.client.call(AgentApprove.self, params)
            default: break
            }
        }
        return .lost
    }

    /// The first interrupt cancels the turn, the second ends this program; the session goes on in the service.
    private func interruptSource(_ count: InterruptCount) -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        let client = session.client
        let id = sessionId
        source.setEventHandler {
            Task {
                guard await count.increment() == 1 else { exit(ExitStatus.interrupted) }
                Terminal.error("cofferdam: cancelling the turn (interrupt again to leave it running in the service)")
                _ = try? await client.call(AgentCancel.self, SessionReference(sessionId: id))
            }
        }
        source.resume()
        return source
    }

    static func status(of end: End) -> Int32 {
        switch end {
        case .turn(let event):
            switch event.outcome {
            case .verified, .answered: ExitStatus.success
            case .unverified: ExitStatus.unverified
            case .cancelled: ExitStatus.cancelled
            case .limit: ExitStatus.limit
            case .failed: ExitStatus.failed
            }
        case .status(let event): event.state == .stopped ? ExitStatus.cancelled : ExitStatus.failed
        case .lost: ExitStatus.service
        }
    }
}

private actor InterruptCount {
    private var count = 0

    var isNone: Bool { count == 0 }

    func increment() -> Int {
        count += 1
        return count
    }
}

extension SessionSummary {
    /// The user's folder; nil where the session works on a remote repository.
    var localFolder: String? { repository == nil ? workspaceFolder : nil }
}
