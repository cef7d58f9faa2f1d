import AgentProtocol
import Diagnostics
import ProjectConfiguration
import Sandbox
import Store

extension CheckRunner {
    /// How a run came to its end.
    enum RunEnd: Sendable {
        case completed(CheckRun)
        /// Files that the check depends on were changed while it ran: its result would be of no tree.
        case overtaken
    }

    /// Runs a check once. Where commands in the background may change files meanwhile, it is ended when they do.
    func runUnlessOvertaken(
        _ check: CheckDefinition, _ item: KeptCheck, _ state: ChangeTracker.State
    ) async throws -> RunEnd {
        let inputs = CheckInputs(check)
        let before = try inputs.key(state)
        return try await withThrowingTaskGroup(of: RunEnd?.self) { group in
            group.addTask { .completed(try await self.run(check, item, state)) }
            group.addTask { [changes, isDisturbed] in
                // Ends by itself when the run has ended, or when it cannot see any more.
                while (try? await Task.sleep(for: Self.watchInterval)) != nil {
                    guard await isDisturbed() else { continue }
                    guard let now = try? await changes.state(), let key = try? inputs.key(now) else { return nil }
                    if key != before { return .overtaken }
                }
                return nil
            }
            var end: RunEnd?
            while let next = try await group.next() {
                guard let next else { continue }
                end = next
                break
            }
            group.cancelAll()
            if case .overtaken = end {
                do {
                    // It may have ended just then, on the tree that it began with.
                    while let last = try await group.next() { if let last { return last } }
                } catch is CancellationError {
                    try Task.checkCancellation()
                }
            }
            guard let end else { throw CancellationError() }
            return end
        }
    }

    /// Often enough to save the time of a long check, seldom enough to cost nothing.
    private static let watchInterval = Duration.seconds(1)

    /// Runs a check once, or reads on what a former service began, and parses what it wrote.
    func run(
        _ check: CheckDefinition, _ item: KeptCheck, _ state: ChangeTracker.State
    ) async throws -> CheckRun {
        let reports = CheckReports(check, runner.sandbox)
        let files = item.reports ?? CheckReports.Before()
        let addedBefore = try await changes.addedPaths()
        var request = ExecRequest(
            arguments: CheckReports.command(check.command, files), environment: CheckReports.environment(files),
            timeout: .seconds(check.timeoutSeconds))
        // What it says is not the repository's to choose.
        request.withoutRepositoryVariables = check.origin == .organisation
        let outcome: CommandRunner.Outcome
        do {
            outcome = try await runner.run(
                request, itemId: "check-\(item.item)", addedBefore: addedBefore, capture: limits.parsedOutputBytes)
        } catch let error as CancellationError {
            // What a check has made until it is ended is a product as well.
            try? await changes.checkEnded(addedBefore: addedBefore)
            throw error
        }
        try await changes.checkEnded(addedBefore: outcome.addedBefore)
        // The program is often an interpreter, which says nothing.
        var described = check.configuredParser
        described?.tool = check.name
        let lines = SourceLines(state: state, snapshot: changes.snapshot)
        let parsed = DiagnosticParsing.parse(
            CheckOutput(
                command: check.command, stdout: outcome.captured.stdout, stderr: outcome.captured.stderr,
                workingDirectory: workspace, workspaceRoot: workspace, parser: check.parser,
                reports: try await reports.collect(files),
                configuredParsers: described.map { [$0] } ?? []),
            sourceLine: lines.line, filesNamed: lines.filesNamed)
        let evidence = evidence(of: check, item, outcome.result, parsed)
        return CheckRun(
            evidence: evidence, diagnostics: parsed.diagnostics, tests: parsed.tests, unparsed: parsed.unparsed)
    }

    func evidence(
        of check: CheckDefinition, _ item: KeptCheck, _ result: CommandResult, _ parsed: ParsedOutput = ParsedOutput()
    ) -> CheckEvidence {
        CheckEvidence(
            name: check.name, command: check.command, required: check.required, passed: result.succeeded,
            result: result, errors: parsed.diagnostics.count { $0.severity == .error },
            warnings: parsed.diagnostics.count { $0.severity == .warning }, tests: parsed.tests?.counts,
            startedAt: item.startedAt ?? currentMilliseconds(), treeHash: item.treeHash,
            origin: check.origin.flatMap { CheckEvidence.Origin(rawValue: $0.rawValue) })
    }
}
