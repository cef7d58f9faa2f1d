import JSON
import Models
import Policy
import Sandbox

/// `run`: a program with an argument vector; no shell is involved.
struct RunTool: Tool {
    let effect = ToolEffect.runs
    let definition = ToolDefinition(
        name: "run",
        description: "Run a program with arguments, without a shell. The only network is what you were told of.",
        parameters: ToolSchema.object(
            [
                ("command", ToolSchema.strings("The program and its arguments.")),
                ("stdin", ToolSchema.string("What the program reads on standard input.")),
            ] + CommandCall.parameters, required: ["command"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(
            arguments, tool: "run", known: ["command", "stdin"] + CommandCall.known)
        let command = try arguments.strings("command")
        guard let program = command.first, !program.isEmpty else { throw ToolFailure("run: `command` is empty.") }
        guard !command.contains(where: { $0.utf8.contains(0) }) else {
            throw ToolFailure("run: `command` holds a zero byte.")
        }
        let shown = ShellQuoting.join(command)
        return PreparedCall(
            title: "Run: \(shown)", action: PolicyAction(tool: "run", subject: .arguments(command)), command: shown,
            run: try CommandCall.make(
                arguments, context, title: shown, standardInput: try arguments.optionalString("stdin")
            ) { command })
    }
}
