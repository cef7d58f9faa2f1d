import JSON
import Models
import Policy
import Sandbox

/// `shell`: a script for `/bin/sh`.
struct ShellTool: Tool {
    let effect = ToolEffect.runs
    let definition = ToolDefinition(
        name: "shell",
        description:
            "Run a script with /bin/sh -c. Prefer run where one program is enough. The only network is what you were told of.",
        parameters: ToolSchema.object(
            [("script", ToolSchema.string("The script."))] + CommandCall.parameters, required: ["script"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "shell", known: ["script"] + CommandCall.known)
        let script = try arguments.string("script")
        guard !script.isEmpty, !script.utf8.contains(0) else {
            throw ToolFailure("shell: `script` is empty or holds a zero byte.")
        }
        let title = "Shell: \(script.split(separator: "\n").first.map(String.init) ?? script)"
        return PreparedCall(
            title: title,
            action: PolicyAction(tool: "shell", subject: .commandLine(script)), command: script,
            run: try CommandCall.make(arguments, context, title: title, standardInput: nil) {
                ["/bin/sh", "-c", script]
            })
    }
}
