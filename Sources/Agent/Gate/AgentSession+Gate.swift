import AgentProtocol
import Sandbox
import Workspace

extension AgentSession {
    /// What speaks against the checks' passing on this tree.
    /// - Throws: `SandboxError` when the sandbox cannot be looked at.
    func gateFindings(
        _ ready: Ready, _ work: ChangeTracker.State, _ evidence: [CheckEvidence]
    ) async throws -> [GateFinding] {
        let checks = ready.frozen.checks
        guard !checks.isEmpty, !work.changes.isEmpty else { return [] }
        let snapshot = ready.snapshot
        let known = Set(work.changes.map(\.path))
        let products = try await ready.sandbox.changes().lazy.filter { !known.contains($0.path) }
            .map { (path: $0.path, existed: $0.kind != .added) }
        let tests = await ready.checks.firstTests
        let diagnostics = await ready.checks.baseline.values.joined().filter { $0.test != nil }
        let listed = Array(products)
        return try await Background.run {
            GateReview.findings(
                GateInput(
                    files: work.changes.map { GateFile($0, in: snapshot) }, products: listed,
                    commands: checks.map(\.command), testsBefore: tests, evidence: evidence,
                    diagnosticsBefore: diagnostics, read: { Self.text($0, in: snapshot) }))
        }
    }

    private static func text(_ path: String, in snapshot: WorkspaceSnapshot) -> [UInt8]? {
        guard let entry = snapshot.entries[path], entry.mode != .symbolicLink else { return nil }
        return FileBytes.read("\(snapshot.base)/\(path)", limit: GateInput.fileBytes)
    }
}

extension GateFile {
    /// A change of the session. A link counts as a file that holds its target.
    fileprivate init(_ change: ChangeTracker.Change, in snapshot: WorkspaceSnapshot) {
        let limit = GateInput.fileBytes
        self.init(path: change.path, isExecutable: change.new?.mode == .executable)
        if let entry = change.old {
            let place = "\(snapshot.base)/\(change.path)"
            old = entry.mode == .symbolicLink ? FileBytes.readLink(place) : FileBytes.read(place, limit: limit)
            isUnread = old == nil
        }
        if change.new != nil {
            new = try? change.file.contents(maximumBytes: limit)
            isUnread = isUnread || new == nil
        }
    }
}

/// What the model and the user read of findings.
enum GateFeedback {
    /// Findings that the model reads.
    private static let maximumTold = 20

    /// For the model, once in a turn, so that it can undo them.
    static func text(_ findings: [GateFinding]) -> String {
        var lines = findings.prefix(maximumTold).map { finding in
            let line = finding.line.map { ":\($0)" } ?? ""
            return "- \(finding.rule): \(finding.path.map { "\($0)\(line): " } ?? "")\(finding.message)"
        }
        if findings.count > maximumTold { lines.append("- and \(findings.count - maximumTold) more") }
        return """
            The required checks pass, but you also changed what they rest on, and so the work does not count as verified:

            \(lines.joined(separator: "\n"))

            Undo this and mend the cause instead. If the user asked for just this, end and say so: they are shown the list.
            """
    }

    /// Why a turn whose checks pass is not verified, for the user.
    static func reason(_ findings: [GateFinding]) -> String {
        var rules: [String] = []
        for finding in findings where !rules.contains(finding.rule) { rules.append(finding.rule) }
        return "every required check passed, but what they rest on was changed: \(rules.joined(separator: ", "))"
    }
}
