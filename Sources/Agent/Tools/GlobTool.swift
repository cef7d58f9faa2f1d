import JSON
import Models
import Policy
import Sandbox

/// `glob`: files by a pattern, as ripgrep finds them: a pattern that matches a file outweighs a rule that ignores it.
struct GlobTool: Tool {
    let effect = ToolEffect.reads
    let definition = ToolDefinition(
        name: "glob",
        description: "Find files by a glob such as **/*.swift or src/*.c. Folders that git ignores are left out.",
        parameters: ToolSchema.object(
            [
                ("pattern", ToolSchema.string("The glob.")),
                ("path", ToolSchema.string("Folder to search; default the workspace.")),
            ], required: ["pattern"]))

    private static let maximumFiles = 1000

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "glob", known: ["pattern", "path"])
        let pattern = try arguments.string("pattern")
        let path = try context.path(try arguments.optionalString("path") ?? ".")
        return PreparedCall(
            title: "Find files: \(pattern)", action: PolicyAction(tool: "glob", subject: .path(path)),
            run: { _ in
                let files = try await Self.search(pattern, path, context)
                if files.isEmpty { return ToolOutcome(text: "No file matches \(pattern).") }
                var text = files.prefix(Self.maximumFiles).joined(separator: "\n")
                if files.count > Self.maximumFiles { text += "\n[… \(files.count - Self.maximumFiles) more …]" }
                return ToolOutcome(text: HeadTailBuffer.capped(text, limit: context.limits.toolOutputBytes))
            })
    }

    private static func search(_ pattern: String, _ path: String, _ context: ToolContext) async throws -> [String] {
        let search = try await QuietCommand.run(
            Ripgrep.base + ["--files", "--glob", pattern, "--", path.isEmpty ? "." : path], context)
        switch search.result.outcome {
        case .couldNotStart:
            let listing = try await context.sandbox.listFiles(
                path.isEmpty ? "." : path, recursive: true, maximumEntries: 100_000)
            // A pattern without a slash is meant for any folder, as in ripgrep.
            let full = pattern.contains("/") ? pattern : "**/\(pattern)"
            return listing.entries.filter { $0.kind == .regular && PathPattern(full).matches($0.path) }.map(\.path)
        case .exited(let code) where code < 2 || !search.stdout.isEmpty:
            return String(decoding: search.stdout, as: UTF8.self).split(separator: "\n").map(Ripgrep.withoutDot)
        default:
            throw ToolFailure("glob: \(String(decoding: search.stderr.prefix(2000), as: UTF8.self))")
        }
    }
}
