import AgentProtocol
import Sandbox

/// The common part of `run` and `shell`.
func commandCall(
    _ arguments: ToolArguments, _ context: ToolContext, standardInput: String?,
    _ command: @escaping @Sendable () -> [String]
) throws(ToolFailure) -> @Sendable (_ itemId: String) async throws -> ToolOutcome {
    let folder = try context.path(try arguments.optionalString("cwd") ?? ".")
    let seconds = try arguments.int(
        "timeout_seconds", in: 1...context.limits.maximumCommandSeconds, default: context.limits.commandSeconds)
    return { itemId in
        let request = ExecRequest(
            arguments: command(), workingDirectory: folder.isEmpty ? nil : folder, timeout: .seconds(seconds),
            standardInput: standardInput.map { Array($0.utf8) })
        let before = try await context.changes.addedPaths()
        let outcome = try await context.runner.run(request, itemId: itemId)
        try await context.changes.commandEnded(addedBefore: before)
        return ToolOutcome(
            text: commandText(outcome), isError: !outcome.result.succeeded, command: outcome.result)
    }
}

/// What the model reads of a command: the true result first, then each stream.
private func commandText(_ outcome: CommandRunner.Outcome) -> String {
    var text = "[\(outcome.result.summary)]"
    if !outcome.stdout.isEmpty { text += "\n--- stdout\n\(outcome.stdout)" }
    if !outcome.stderr.isEmpty { text += "\n--- stderr\n\(outcome.stderr)" }
    if outcome.stdout.isEmpty && outcome.stderr.isEmpty { text += " (no output)" }
    return text
}
