import AgentProtocol
import JSON

/// Values that tests need and do not care about.
enum Sample {
    static func summary(
        _ id: String, folder: String, state: SessionState = .running, approvals: [ApprovalRequest] = []
    ) -> SessionSummary {
        SessionSummary(
            sessionId: id, workspaceFolder: folder, title: "a title", state: state, outcome: nil, model: "test",
            createdAt: 0, updatedAt: 0, seq: 0, pendingApprovals: approvals, applied: false)
    }

    static func approval(_ id: String = "a1", command: String = "make clean") -> ApprovalRequest {
        ApprovalRequest(
            approvalId: id, toolCallId: "t1", tool: "shell", title: "Run: \(command)", reason: "rule ask-shell",
            arguments: ["command": .string(command)], command: command, expiresAt: 0)
    }

    static func turnStarted(_ prompt: String = "fix it") -> AgentEvent {
        .turnStarted(TurnStarted(turnId: "1", prompt: prompt, model: "test"))
    }

    static func turnCompleted(
        _ outcome: TurnOutcome = .verified, changed: [String] = [], reason: String = "all checks passed",
        findings: [GateFinding]? = nil
    ) -> AgentEvent {
        .turnCompleted(
            TurnCompleted(
                turnId: "1", outcome: outcome, reason: reason, evidence: [evidence()], gateFindings: findings,
                treeHash: "abc123", changedFiles: changed, steps: 2, durationMilliseconds: 1500))
    }

    static func evidence(passed: Bool = true) -> CheckEvidence {
        CheckEvidence(
            name: "build", command: ["make"], required: true, passed: passed, result: result(passed ? 0 : 2), errors: 0,
            warnings: 0, treeHash: "abc123")
    }

    static func result(_ code: Int) -> CommandResult {
        CommandResult(
            status: .exited, exitCode: code, durationMilliseconds: 1200, stdoutBytes: 0, stderrBytes: 0)
    }

    static func diagnostic(
        _ message: String = "expected ';'", path: String = "main.c", line: Int = 1, column: Int = 1,
        endColumn: Int? = nil, sourceLine: String? = nil, related: [RelatedLocation]? = nil,
        fixes: [DiagnosticFix]? = nil
    ) -> Diagnostic {
        Diagnostic(
            tool: "gcc", severity: .error, code: "E1", codeURL: "https://example.org/E1", message: message, path: path,
            range: TextRange(
                startLine: line, startColumn: column, endLine: line, endColumn: endColumn ?? column),
            sourceLine: sourceLine, related: related, fixes: fixes, fingerprint: "f00d")
    }

    static func diagnostics(
        _ diagnostics: [Diagnostic], check: String = "build", changes: [LineChanges]? = nil
    ) -> AgentEvent {
        .diagnosticsUpdated(
            DiagnosticsUpdated(
                check: check, diagnostics: diagnostics, changes: changes, total: diagnostics.count, new: 0, fixed: 0,
                remaining: 0))
    }

    /// A replacement of one place in one line.
    static func fix(
        _ title: String = "insert ';'", path: String = "main.c", line: Int, _ columns: Range<Int>, _ text: String
    ) -> DiagnosticFix {
        let range = TextRange(
            startLine: line, startColumn: columns.lowerBound, endLine: line, endColumn: columns.upperBound)
        return DiagnosticFix(title: title, edits: [.init(path: path, range: range, newText: text)])
    }

    static func base64(_ text: String) -> String { base64(Array(text.utf8)) }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                result.append(index > group.count ? "=" : alphabet[value >> (18 - 6 * index) & 63])
            }
        }
        return result
    }

    /// A difference with both contents.
    static func difference(
        _ path: String, old: String?, new: String?, oldMode: String? = "100644", newMode: String? = "100644",
        sensitive: Bool? = nil
    ) -> FileDifference {
        FileDifference(
            path: path, change: old == nil ? .added : new == nil ? .deleted : .modified, binary: false,
            oldMode: old == nil ? nil : oldMode, newMode: new == nil ? nil : newMode, patch: "",
            oldContents: old.map { base64($0) }, newContents: new.map { base64($0) }, sensitive: sensitive)
    }

    static func diff(_ files: [FileDifference]) throws -> JSON {
        try JSONCoder.encode(AgentDiff.Result(treeHash: "abc123", baseTreeHash: "000", files: files, patch: ""))
    }
}
