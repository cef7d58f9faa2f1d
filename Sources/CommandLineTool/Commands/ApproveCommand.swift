import AgentProtocol
import ArgumentParser

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Show and allow an action that waits for approval.")

    @Argument(help: "The approval; default the only one that waits in the session.")
    var approval: String?
    @Option(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Flag(name: .customLong("for-session"), help: "Allow the same action for the whole session.")
    var forSession = false

    func run() async throws {
        try await ApprovalAnswer.send(
            session: session, approval: approval, decision: forSession ? .allowSession : .allowOnce, feedback: nil)
    }
}

struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Refuse an action that waits for approval.")

    @Argument(help: "The approval; default the only one that waits in the session.")
    var approval: String?
    @Option(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(name: .shortAndLong, help: "What the model is told.")
    var feedback: String?

    func run() async throws {
        try await ApprovalAnswer.send(session: session, approval: approval, decision: .reject, feedback: feedback)
    }
}

extension ApprovalDecision {
    var words: String {
        switch self {
        case .allowOnce: "allowed once"
        case .allowSession: "allowed for the session"
        case .allowEdited: "allowed as edited"
        case .reject: "rejected"
        }
    }
}

enum ApprovalAnswer {
    static func send(session: String?, approval: String?, decision: ApprovalDecision, feedback: String?) async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            let pending = summary.pendingApprovals
            let id: String
            if let approval {
                id = approval
            } else {
                guard let only = pending.first else { throw ValidationError("nothing waits for approval") }
                guard pending.count == 1 else {
                    let names = pending.map { "\($0.approvalId)  \($0.title)" }.joined(separator: "\n")
                    throw ValidationError("several wait; name one:\n\(Terminal.harmless(names))")
                }
                id = only.approvalId
            }
            if let request = pending.first(where: { $0.approvalId == id }) { ApprovalPrompt.show(request) }
            let result = try await service.client.call(
                AgentApprove.self,
                AgentApprove.Params(
                    sessionId: summary.sessionId, approvalId: id, decision: decision, feedback: feedback))
            if result.accepted { return Terminal.line(decision.words) }
            let how = result.resolution.decision?.words ?? result.resolution.cause.rawValue
            let by = result.resolution.answeredBy.map { " by \($0)" } ?? ""
            Terminal.error("cofferdam: too late: already \(how)\(by)")
            throw ExitCode(ExitStatus.unverified)
        }
    }
}
