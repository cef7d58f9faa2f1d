import JSON
import Models
import Policy

/// `command_input`: something for a command in the background to read.
struct CommandInputTool: Tool {
    // One after the other: input has an order, and what comes after may be the answer to it.
    let effect = ToolEffect.edits
    let definition = ToolDefinition(
        name: "command_input",
        description: "Give a background command text to read on its standard input or terminal. End a line with \\n.",
        parameters: ToolSchema.object(
            [
                ("command_id", ToolSchema.string("The id that run or shell gave, such as command-1.")),
                ("text", ToolSchema.string("What it reads, exactly.")),
                ("close", ToolSchema.boolean("There is no more input after it.")),
            ], required: ["command_id"]))

    /// More is a file's job.
    private static let maximumBytes = 64 << 10

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "command_input", known: ["command_id", "text", "close"])
        let number = try arguments.command()
        let text = try arguments.optionalString("text") ?? ""
        let closes = try arguments.bool("close")
        guard !text.isEmpty || closes else { throw ToolFailure("command_input: give `text`, or `close`: true.") }
        guard text.utf8.count <= Self.maximumBytes else {
            throw ToolFailure("command_input: `text` is longer than \(Self.maximumBytes) bytes; write a file instead.")
        }
        return PreparedCall(
            title: "Input for \(BackgroundCommands.name(number))",
            action: PolicyAction(tool: "command_input", subject: .commandLine(text)), command: text,
            run: { _ in
                try await context.background.input(number, Array(text.utf8), closes: closes)
                return ToolOutcome(text: closes ? "Given; its input is closed." : "Given.")
            })
    }
}
