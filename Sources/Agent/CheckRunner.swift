import AgentProtocol
import Diagnostics
import ProjectConfiguration
import Sandbox
import Store

/// Runs the checks of a session and keeps what they proved.
///
/// The first run of each check, on the untouched tree, is the baseline that later runs are compared with.
actor CheckRunner {
    /// What a round of checks gave.
    struct Round: Sendable {
        /// What the model reads; empty when nothing ran.
        var report: String
        /// Every required check passed, on the tree that `evidence` names.
        var passed: Bool
        var evidence: [CheckEvidence]
    }

    private let checks: [CheckDefinition]
    private let runner: CommandRunner
    private let changes: ChangeTracker
    private let workspace: String
    private let limits: AgentLimits
    private(set) var baseline: [String: [Diagnostic]] = [:]
    private var latest: [String: CheckEvidence] = [:]
    private var slow: Set<String> = []
    private var nextItem = 0
    private let resumption: Resumption
    private var reports = KeptRound(occasion: "")

    /// Diagnostics in one event; more would only slow editors.
    private static let maximumDiagnostics = 1000

    init(
        checks: [CheckDefinition], runner: CommandRunner, changes: ChangeTracker, workspace: String,
        limits: AgentLimits, resumption: Resumption = Resumption()
    ) {
        self.resumption = resumption
        if let kept = resumption.take(KeptKey.checks, as: KeptChecks.self) {
            latest = kept.latest
            slow = kept.slow
            nextItem = kept.items
        }
        for check in checks {
            baseline[check.name] = resumption.take(KeptKey.baseline(check.name), as: [Diagnostic].self)
        }
        self.checks = checks
        self.runner = runner
        self.changes = changes
        self.workspace = workspace
        self.limits = limits
    }

    var isEmpty: Bool { checks.isEmpty }
    var hasRequired: Bool { checks.contains(where: \.required) }

    /// What the checks proved so far.
    var kept: KeptChecks { KeptChecks(latest: latest, slow: slow, items: nextItem) }

    /// Puts in place what was proved at another time. The baseline is that of the untouched tree at any time.
    /// - Returns: what is to be kept of that.
    func takeOver(_ kept: KeptChecks, baseline: [String: [Diagnostic]]) throws -> [KeptChange] {
        latest = kept.latest
        slow = kept.slow
        // No item is called as another one was.
        nextItem = max(nextItem, kept.items)
        self.baseline.merge(baseline) { own, _ in own }
        return try self.baseline.map { try .value(KeptKey.baseline($0.key), $0.value) }
            + [.value(KeptKey.checks, self.kept), .gone(KeptKey.check), .gone(KeptKey.round)]
    }

    enum Occasion: String {
        /// On the untouched tree, up to the first required check that fails.
        case baseline
        /// After edits: fast checks, up to the first required one that fails.
        case afterEdit
        /// Before a turn may call itself verified: all.
        case gate
    }

    /// Runs the checks that the occasion calls for. A check that already ran on the same tree is not run again.
    /// - Throws: `SandboxError`, `StoreError`, `CancellationError`.
    func run(_ occasion: Occasion) async throws -> Round {
        var report: [String] = []
        reports = resumption.take(KeptKey.round) ?? KeptRound(occasion: occasion.rawValue)
        if reports.occasion != occasion.rawValue { reports = KeptRound(occasion: occasion.rawValue) }
        for check in checks {
            if let known = reports.reports[check.name] {
                // A former service came so far in this round.
                report.append(known)
                if check.required, latest[check.name]?.passed != true { break }
                continue
            }
            if occasion == .afterEdit, slow.contains(check.name) || check.when == .end { continue }
            let state = try await changes.state()
            if let known = latest[check.name], known.treeHash == state.treeHash, known.passed {
                continue
            }
            let (evidence, text) = try await run(check, state)
            report.append(text)
            // What comes after would only repeat the same errors.
            if check.required, !evidence.passed { break }
        }
        let tree = try await changes.state().treeHash
        let current = checks.compactMap { check in latest[check.name].flatMap { $0.treeHash == tree ? $0 : nil } }
        let required = checks.filter(\.required)
        let passed =
            !required.isEmpty
            && required.allSatisfy { check in current.contains { $0.name == check.name && $0.passed } }
        return Round(report: report.joined(separator: "\n\n"), passed: passed, evidence: current)
    }

    /// The check that was cut with its turn does not go on.
    func cut() -> [KeptChange] {
        let itemId = "check-\(nextItem)"
        return [.gone(KeptKey.check), .gone(KeptKey.exec(itemId)), .gone(KeptKey.output(itemId))]
    }

    private func run(_ check: CheckDefinition, _ state: ChangeTracker.State) async throws -> (CheckEvidence, String) {
        let kept = resumption.take(KeptKey.check, as: KeptCheck.self).flatMap { $0.name == check.name ? $0 : nil }
        nextItem = kept?.item ?? nextItem + 1
        let itemId = "check-\(nextItem)"
        let treeHash = kept?.treeHash ?? state.treeHash
        let startedAt = kept.map(\.startedAt) ?? currentMilliseconds()
        if kept == nil {
            try await runner.log.append(
                .checkStarted(CheckStarted(itemId: itemId, name: check.name, command: check.command)),
                keeping: [
                    .value(
                        KeptKey.check,
                        KeptCheck(name: check.name, item: nextItem, treeHash: treeHash, startedAt: startedAt))
                ])
        }
        let before = try await changes.addedPaths()
        let outcome = try await runner.run(
            ExecRequest(arguments: check.command, timeout: .seconds(check.timeoutSeconds)), itemId: itemId,
            addedBefore: before, capture: limits.parsedOutputBytes)
        try await changes.checkEnded(addedBefore: outcome.addedBefore)
        if outcome.result.durationMilliseconds > limits.slowCheckSeconds * 1000 { slow.insert(check.name) }

        let lines = SourceLines(state: state, snapshot: changes.snapshot)
        let parsed = DiagnosticParsing.parse(
            CheckOutput(
                command: check.command, stdout: outcome.captured.stdout, stderr: outcome.captured.stderr,
                workingDirectory: workspace, workspaceRoot: workspace, parser: check.parser),
            sourceLine: lines.line, filesNamed: lines.filesNamed)
        let isFirst = baseline[check.name] == nil
        let known = baseline[check.name] ?? parsed.diagnostics
        baseline[check.name] = known
        let delta = DiagnosticDelta.compare(baseline: known, current: parsed.diagnostics)
        let shown = lines.quoted(parsed.diagnostics.prefix(Self.maximumDiagnostics))
        try await runner.log.append(
            .diagnosticsUpdated(
                DiagnosticsUpdated(
                    check: check.name, diagnostics: shown, changes: lines.changes(for: shown),
                    total: parsed.diagnostics.count, new: delta.new.count, fixed: delta.fixed.count,
                    remaining: delta.remaining.count)))
        let evidence = CheckEvidence(
            name: check.name, command: check.command, required: check.required, passed: outcome.result.succeeded,
            result: outcome.result, errors: parsed.diagnostics.count { $0.severity == .error },
            warnings: parsed.diagnostics.count { $0.severity == .warning }, tests: parsed.tests?.counts,
            startedAt: startedAt, treeHash: treeHash)
        // A check that rewrites sources proves nothing about the tree that it leaves behind.
        latest[check.name] = evidence
        let heading = "Check `\(check.name)` (\(ShellQuoting.join(check.command))): \(outcome.result.summary)\n"
        let body = DiagnosticReport.text(
            check: check.name, passed: evidence.passed, delta: delta, diagnostics: parsed.diagnostics,
            unparsed: parsed.unparsed, touchedPaths: Set(state.changes.map(\.path)),
            sourceLine: lines.line, maximumBytes: limits.checkReportBytes)
        reports.reports[check.name] = heading + body
        var keeping: [KeptChange] = [
            .gone(KeptKey.check), .gone(KeptKey.exec(itemId)), .gone(KeptKey.output(itemId)),
            try .value(KeptKey.checks, KeptChecks(latest: latest, slow: slow, items: nextItem)),
            try .value(KeptKey.round, reports),
        ]
        if isFirst { keeping.append(try .value(KeptKey.baseline(check.name), known)) }
        try await runner.log.append(
            .checkCompleted(CheckCompleted(itemId: itemId, evidence: evidence)), keeping: keeping)
        return (evidence, heading + body)
    }
}
