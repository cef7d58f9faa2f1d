import JSON
import Models
import Policy

/// `command_stop`: ends a command in the background and all that it started.
struct CommandStopTool: Tool {
    let effect = ToolEffect.edits
    let definition = ToolDefinition(
        name: "command_stop",
        description: "End a background command and all that it started.",
        parameters: ToolSchema.object(
            [("command_id", ToolSchema.string("The id that run or shell gave, such as command-1."))],
            required: ["command_id"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "command_stop", known: ["command_id"])
        let number = try arguments.command()
        return PreparedCall(
            title: "Stop \(BackgroundCommands.name(number))",
            action: PolicyAction(tool: "command_stop", subject: .none),
            run: { _ in
                let result = try await context.background.stop(number)
                return ToolOutcome(text: "[\(result.summary)]", command: result)
            })
    }
}

extension ToolArguments {
    /// The number of the command in the background that is meant.
    func command() throws(ToolFailure) -> Int {
        let name = try string("command_id")
        guard name.hasPrefix("command-"), let number = Int(name.dropFirst("command-".count)) else {
            throw ToolFailure("`\(name)` is no id of a background command; they are called command-1 and so on.")
        }
        return number
    }
}
