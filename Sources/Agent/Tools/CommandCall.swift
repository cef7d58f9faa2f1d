import AgentProtocol
import Sandbox

/// The common part of `run` and `shell`.
enum CommandCall {
    /// Arguments beside the command itself.
    static let known = ["cwd", "timeout_seconds", "background", "tty"]
    static let parameters = [
        ("cwd", ToolSchema.string("Folder to run in; default the workspace.")),
        (
            "timeout_seconds",
            ToolSchema.integer("Time limit; default 120, at most 1800. In the background: default none.")
        ),
        (
            "background",
            ToolSchema.boolean(
                "Return at once with a command id and let it run on, for servers and watchers: see command_output, "
                    + "command_input, command_stop.")
        ),
        ("tty", ToolSchema.boolean("With background: give it a terminal of 80 by 24, for programs that need one.")),
    ]

    static func make(
        _ arguments: ToolArguments, _ context: ToolContext, title: String, standardInput: String?,
        _ command: @escaping @Sendable () -> [String]
    ) throws(ToolFailure) -> @Sendable (_ itemId: String) async throws -> ToolOutcome {
        let folder = try context.path(try arguments.optionalString("cwd") ?? ".")
        let limits = context.limits
        let inBackground = try arguments.bool("background")
        let hasTerminal = try arguments.bool("tty")
        guard inBackground || !hasTerminal else {
            throw ToolFailure("`tty` is for background commands: set `background` too.")
        }
        let standard = inBackground ? 0 : limits.commandSeconds
        let seconds = try arguments.int(
            "timeout_seconds", in: (inBackground ? 0 : 1)...limits.maximumCommandSeconds, default: standard)
        return { itemId in
            var request = ExecRequest(
                arguments: command(), workingDirectory: folder.isEmpty ? nil : folder,
                timeout: seconds == 0 ? nil : .seconds(seconds), standardInput: standardInput.map { Array($0.utf8) })
            guard !inBackground else {
                request.terminal = hasTerminal ? .standard : nil
                request.interactiveInput = true
                let number = try await context.background.start(request, itemId: itemId, title: title)
                let name = BackgroundCommands.name(number)
                return ToolOutcome(
                    text: "Started as \(name); it runs in the background. Read it with command_output.", goesOn: true)
            }
            let before = try await context.changes.addedPaths()
            let outcome = try await context.runner.run(request, itemId: itemId, addedBefore: before)
            try await context.changes.commandEnded(addedBefore: outcome.addedBefore)
            return ToolOutcome(
                text: commandText("[\(outcome.result.summary)]", stdout: outcome.stdout, stderr: outcome.stderr),
                isError: !outcome.result.succeeded, command: outcome.result)
        }
    }
}

/// What the model reads of a command: the true result first, then each stream.
func commandText(_ result: String, stdout: String, stderr: String, none: String = " (no output)") -> String {
    var text = result
    if !stdout.isEmpty { text += "\n--- stdout\n\(stdout)" }
    if !stderr.isEmpty { text += "\n--- stderr\n\(stderr)" }
    if stdout.isEmpty && stderr.isEmpty { text += none }
    return text
}
