import JSON
import Models
import Policy

/// `write`: a whole file, new or replaced.
struct WriteTool: Tool {
    let effect = ToolEffect.edits
    let definition = ToolDefinition(
        name: "write",
        description: "Create a file, or replace all of it. To change a part of a file use edit.",
        parameters: ToolSchema.object(
            [
                ("path", ToolSchema.string("File, relative to the workspace; missing folders are made.")),
                ("content", ToolSchema.string("The whole new contents.")),
            ], required: ["path", "content"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "write", known: ["path", "content"])
        let path = try context.path(try arguments.string("path"))
        guard !path.isEmpty else { throw ToolFailure("write: `path` must name a file.") }
        let content = Array(try arguments.string("content").utf8)
        return FileChange(path: path, context: context, tool: "write", title: "Write: \(path)") { _ in content }
            .prepared
    }
}
