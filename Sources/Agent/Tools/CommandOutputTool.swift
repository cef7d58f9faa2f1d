import JSON
import Models
import Policy

/// `command_output`: what a command in the background printed since it was read last.
struct CommandOutputTool: Tool {
    let effect = ToolEffect.runs
    let definition = ToolDefinition(
        name: "command_output",
        description: "Read what a background command printed since you read it last, and whether it still runs.",
        parameters: ToolSchema.object(
            [
                ("command_id", ToolSchema.string("The id that run or shell gave, such as command-1.")),
                ("wait_seconds", ToolSchema.integer("Wait so long for new output or the end; default 0, at most 60.")),
            ], required: ["command_id"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(
            arguments, tool: "command_output", known: ["command_id", "wait_seconds"])
        let number = try arguments.command()
        let seconds = try arguments.int("wait_seconds", in: 0...60, default: 0)
        return PreparedCall(
            title: "Output of \(BackgroundCommands.name(number))",
            action: PolicyAction(tool: "command_output", subject: .none),
            run: { _ in
                let reading = try await context.background.output(number, patience: .seconds(seconds))
                let state = reading.result.map { "[\($0.summary)]" } ?? "[running]"
                return ToolOutcome(
                    text: commandText(state, stdout: reading.stdout, stderr: reading.stderr, none: " (no new output)"),
                    keeping: [reading.keeping])
            })
    }
}
