import JSON
import Models
import Policy
import Sandbox

/// `shell`: a script for `/bin/sh`.
struct ShellTool: Tool {
    let effect = ToolEffect.runs
    let definition = ToolDefinition(
        name: "shell",
        description: "Run a script with /bin/sh -c. Prefer run where one program is enough. There is no network.",
        parameters: ToolSchema.object(
            [
                ("script", ToolSchema.string("The script.")),
                ("cwd", ToolSchema.string("Folder to run in; default the workspace.")),
                ("timeout_seconds", ToolSchema.integer("Time limit; default 120, at most 1800.")),
            ], required: ["script"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "shell", known: ["script", "cwd", "timeout_seconds"])
        let script = try arguments.string("script")
        guard !script.isEmpty, !script.utf8.contains(0) else {
            throw ToolFailure("shell: `script` is empty or holds a zero byte.")
        }
        return PreparedCall(
            title: "Shell: \(script.split(separator: "\n").first.map(String.init) ?? script)",
            action: PolicyAction(tool: "shell", subject: .commandLine(script)), command: script,
            run: try commandCall(arguments, context, standardInput: nil) { ["/bin/sh", "-c", script] })
    }
}
