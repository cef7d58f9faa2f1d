import JSON
import Models
import Policy
import Sandbox

/// `run`: a program with an argument vector; no shell is involved.
struct RunTool: Tool {
    let effect = ToolEffect.runs
    let definition = ToolDefinition(
        name: "run",
        description: "Run a program with arguments, without a shell. There is no network.",
        parameters: ToolSchema.object(
            [
                ("command", ToolSchema.strings("The program and its arguments.")),
                ("cwd", ToolSchema.string("Folder to run in; default the workspace.")),
                ("timeout_seconds", ToolSchema.integer("Time limit; default 120, at most 1800.")),
                ("stdin", ToolSchema.string("What the program reads on standard input.")),
            ], required: ["command"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(
            arguments, tool: "run", known: ["command", "cwd", "timeout_seconds", "stdin"])
        let command = try arguments.strings("command")
        guard let program = command.first, !program.isEmpty else { throw ToolFailure("run: `command` is empty.") }
        guard !command.contains(where: { $0.utf8.contains(0) }) else {
            throw ToolFailure("run: `command` holds a zero byte.")
        }
        let shown = ShellQuoting.join(command)
        return PreparedCall(
            title: "Run: \(shown)", action: PolicyAction(tool: "run", subject: .arguments(command)), command: shown,
            run: try commandCall(arguments, context, standardInput: try arguments.optionalString("stdin")) { command })
    }
}
