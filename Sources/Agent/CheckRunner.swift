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
    private let inputs: [String: CheckInputs]
    private let cache: BaselineCache?
    /// Whether files may change while a check runs.
    let isDisturbed: @Sendable () async -> Bool
    let runner: CommandRunner
    let changes: ChangeTracker
    let workspace: String
    let limits: AgentLimits
    private(set) var baseline: [String: [Diagnostic]] = [:]
    /// The tests of each check when it counted some first.
    private(set) var firstTests: [String: TestCounts] = [:]
    private var latest: [String: CheckEvidence] = [:]
    /// `CheckInputs.key` of the latest runs.
    private var latestInputs: [String: String] = [:]
    private var slow: Set<String> = []
    private var nextItem = 0
    let resumption: Resumption
    private var reports = KeptRound(occasion: "")

    /// Diagnostics in one event; more would only slow editors.
    private static let maximumDiagnostics = 1000

    /// Runs of one check in a round that changes may cut short. One that changes files itself must end at some time.
    private static let mostOvertaken = 3

    /// - Parameters:
    ///   - cache: what earlier sessions left; nil: nothing, and nothing is left.
    ///   - isDisturbed: whether files may change while a check runs.
    init(
        checks: [CheckDefinition], runner: CommandRunner, changes: ChangeTracker, workspace: String,
        limits: AgentLimits, cache: BaselineCache? = nil, resumption: Resumption = Resumption(),
        isDisturbed: @escaping @Sendable () async -> Bool = { false }
    ) {
        self.isDisturbed = isDisturbed
        self.resumption = resumption
        if let kept = resumption.take(KeptKey.checks, as: KeptChecks.self) {
            latest = kept.latest
            latestInputs = kept.latestInputs
            slow = kept.slow
            nextItem = kept.items
            firstTests = kept.firstTests ?? [:]
        }
        for check in checks {
            baseline[check.name] = resumption.take(KeptKey.baseline(check.name), as: [Diagnostic].self)
        }
        self.checks = checks
        inputs = Dictionary(checks.map { ($0.name, CheckInputs($0)) }) { first, _ in first }
        self.cache = cache
        self.runner = runner
        self.changes = changes
        self.workspace = workspace
        self.limits = limits
    }

    var isEmpty: Bool { checks.isEmpty }
    var hasRequired: Bool { checks.contains(where: \.required) }

    /// What the checks proved so far.
    var kept: KeptChecks {
        KeptChecks(latest: latest, inputs: latestInputs, slow: slow, items: nextItem, firstTests: firstTests)
    }

    /// Puts in place what was proved at another time. The baseline is that of the untouched tree at any time.
    /// - Returns: what is to be kept of that.
    func takeOver(_ kept: KeptChecks, baseline: [String: [Diagnostic]]) throws -> [KeptChange] {
        latest = kept.latest
        latestInputs = kept.latestInputs
        slow = kept.slow
        firstTests.merge(kept.firstTests ?? [:]) { own, _ in own }
        // No item is called as another one was.
        nextItem = max(nextItem, kept.items)
        self.baseline.merge(baseline) { own, _ in own }
        return try self.baseline.map { try .value(KeptKey.baseline($0.key), $0.value) }
            + [.value(KeptKey.checks, self.kept), .gone(KeptKey.check), .gone(KeptKey.round)]
    }

    enum Occasion: String {
        /// On the untouched tree, up to the first required check that fails.
        case baseline
        /// After edits: fast checks that what changed concerns, up to the first required one that fails.
        case afterEdit
        /// Before a turn may call itself verified: all.
        case gate
    }

    /// Runs the checks that the occasion calls for. A check whose inputs are as they were is not run again.
    /// - Throws: `SandboxError`, `StoreError`, `CancellationError`.
    func run(_ occasion: Occasion) async throws -> Round {
        var report: [String] = []
        reports = resumption.take(KeptKey.round) ?? KeptRound(occasion: occasion.rawValue)
        if reports.occasion != occasion.rawValue { reports = KeptRound(occasion: occasion.rawValue) }
        var hasFailed = false
        for check in checks {
            // What comes after a failure would only repeat the same errors; but the organisation's look for others.
            if hasFailed, check.origin != .organisation { continue }
            if let known = reports.reports[check.name] {
                // A former service came so far in this round.
                report.append(known)
                if check.required, latest[check.name]?.passed != true { hasFailed = true }
                continue
            }
            if occasion == .afterEdit, slow.contains(check.name) || check.when == .end { continue }
            let state = try await changes.state()
            guard try isDue(check, occasion, state) else { continue }
            let (evidence, text) = try await result(of: check, occasion, state)
            report.append(text)
            if check.required, !evidence.passed { hasFailed = true }
        }
        let current = try evidence(on: try await changes.state())
        let required = checks.filter(\.required)
        let passed =
            !required.isEmpty
            && required.allSatisfy { check in
                current.contains { $0.name == check.name && $0.passed && $0.fromCache != true }
            }
        return Round(report: report.joined(separator: "\n\n"), passed: passed, evidence: current)
    }

    /// Whether a run can tell anything that is not known.
    private func isDue(
        _ check: CheckDefinition, _ occasion: Occasion, _ state: ChangeTracker.State
    ) throws -> Bool {
        guard let inputs = inputs[check.name], let known = latest[check.name] else { return true }
        let isSame = latestInputs[check.name] == (try inputs.key(state))
        // A failure may have been an accident; but not of every edit of other files.
        if occasion == .afterEdit, inputs.areSome { return !isSame }
        // What another session saw verifies nothing here.
        if occasion == .gate, known.fromCache == true { return true }
        return !isSame || !known.passed
    }

    /// What is proved of a tree: by runs on it, or on one that is the same in all that the check depends on.
    private func evidence(on state: ChangeTracker.State) throws -> [CheckEvidence] {
        try checks.compactMap { check in
            guard let inputs = inputs[check.name], var known = latest[check.name],
                latestInputs[check.name] == (try inputs.key(state))
            else { return nil }
            if known.treeHash != state.treeHash {
                known.ranOn = known.treeHash
                known.treeHash = state.treeHash
            }
            return known
        }
    }

    /// The check that was cut with its turn does not go on.
    func cut() -> [KeptChange] {
        let itemId = "check-\(nextItem)"
        return [.gone(KeptKey.check), .gone(KeptKey.exec(itemId)), .gone(KeptKey.output(itemId))]
    }

    private func result(
        of check: CheckDefinition, _ occasion: Occasion, _ state: ChangeTracker.State
    ) async throws -> (CheckEvidence, String) {
        let known = resumption.take(KeptKey.check, as: KeptCheck.self).flatMap { $0.name == check.name ? $0 : nil }
        let isUntouched = occasion == .baseline && state.changes.isEmpty && baseline[check.name] == nil
        if known == nil, isUntouched, let entry = await cache?.entry(check, treeHash: state.treeHash) {
            nextItem += 1
            var evidence = entry.evidence
            evidence.name = check.name
            evidence.treeHash = state.treeHash
            evidence.fromCache = true
            let run = CheckRun(
                evidence: evidence, diagnostics: entry.diagnostics, tests: entry.tests, unparsed: entry.unparsed)
            try await start(check, KeptCheck(name: check.name, item: nextItem, treeHash: state.treeHash))
            return try await take(run, of: check, item: nextItem, state)
        }
        var state = state
        var item = known
        var overtaken = 0
        while true {
            let running: KeptCheck
            if let item { running = item } else { running = try await begin(check, state) }
            nextItem = running.item
            guard overtaken < Self.mostOvertaken else {
                return try await take(try await self.run(check, running, state), of: check, item: running.item, state)
            }
            switch try await runUnlessOvertaken(check, running, state) {
            case .completed(let run):
                if isUntouched { await cache?.keep(check, run) }
                return try await take(run, of: check, item: running.item, state)
            case .overtaken:
                overtaken += 1
                try await end(check, running)
                item = nil
                state = try await changes.state()
            }
        }
    }

    private func begin(_ check: CheckDefinition, _ state: ChangeTracker.State) async throws -> KeptCheck {
        nextItem += 1
        let item = KeptCheck(
            name: check.name, item: nextItem, treeHash: state.treeHash, startedAt: currentMilliseconds(),
            reports: try await CheckReports(check, runner.sandbox).prepare())
        try await start(check, item)
        return item
    }

    /// A run that was cut short tells nothing, but that it has ended.
    private func end(_ check: CheckDefinition, _ item: KeptCheck) async throws {
        let itemId = "check-\(item.item)"
        let milliseconds = currentMilliseconds() - (item.startedAt ?? currentMilliseconds())
        let result = CommandResult(
            status: .killed, durationMilliseconds: max(0, milliseconds), stdoutBytes: 0, stderrBytes: 0)
        try await runner.log.append(
            .checkCompleted(CheckCompleted(itemId: itemId, evidence: evidence(of: check, item, result))),
            keeping: [.gone(KeptKey.check), .gone(KeptKey.exec(itemId)), .gone(KeptKey.output(itemId))])
    }

    private func start(_ check: CheckDefinition, _ item: KeptCheck) async throws {
        try await runner.log.append(
            .checkStarted(CheckStarted(itemId: "check-\(item.item)", name: check.name, command: check.command)),
            keeping: [.value(KeptKey.check, item)])
    }

    /// Tells what a run gave, and keeps it.
    private func take(
        _ run: CheckRun, of check: CheckDefinition, item: Int, _ state: ChangeTracker.State
    ) async throws -> (CheckEvidence, String) {
        let (itemId, evidence) = ("check-\(item)", run.evidence)
        let isFirst = baseline[check.name] == nil
        let known = baseline[check.name] ?? run.diagnostics
        baseline[check.name] = known
        if firstTests[check.name] == nil { firstTests[check.name] = run.tests?.counts }
        let delta = DiagnosticDelta.compare(baseline: known, current: run.diagnostics)
        let lines = SourceLines(state: state, snapshot: changes.snapshot)
        let shown = lines.quoted(run.diagnostics.prefix(Self.maximumDiagnostics))
        try await runner.log.append(
            .diagnosticsUpdated(
                DiagnosticsUpdated(
                    check: check.name, diagnostics: shown, changes: lines.changes(for: shown),
                    total: run.diagnostics.count, new: delta.new.count, fixed: delta.fixed.count,
                    remaining: delta.remaining.count)))
        if evidence.result.durationMilliseconds > limits.slowCheckSeconds * 1000 { slow.insert(check.name) }
        // A check that rewrites sources proves nothing about the tree that it leaves behind.
        latest[check.name] = evidence
        latestInputs[check.name] =
            evidence.treeHash == state.treeHash ? try inputs[check.name]?.key(state) : nil
        let source = evidence.fromCache == true ? ", known from an earlier session on this tree" : ""
        let command = ShellQuoting.join(CheckReports.shown(check.command))
        let heading = "Check `\(check.name)` (\(command)): \(evidence.result.summary)\(source)\n"
        let body = DiagnosticReport.text(
            check: check.name, passed: evidence.passed, delta: delta, diagnostics: run.diagnostics,
            unparsed: run.unparsed, touchedPaths: Set(state.changes.map(\.path)),
            sourceLine: lines.line, maximumBytes: limits.checkReportBytes)
        reports.reports[check.name] = heading + body
        var keeping: [KeptChange] = [
            .gone(KeptKey.check), .gone(KeptKey.exec(itemId)), .gone(KeptKey.output(itemId)),
            try .value(KeptKey.checks, kept), try .value(KeptKey.round, reports),
        ]
        if isFirst { keeping.append(try .value(KeptKey.baseline(check.name), known)) }
        try await runner.log.append(
            .checkCompleted(CheckCompleted(itemId: itemId, evidence: evidence)), keeping: keeping)
        return (evidence, heading + body)
    }
}
