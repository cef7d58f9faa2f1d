import JSON
import Models
import Policy
import Sandbox

/// `grep`: lines by a regular expression, by ripgrep where the sandbox has it, else by grep.
struct GrepTool: Tool {
    let effect = ToolEffect.reads
    let definition = ToolDefinition(
        name: "grep",
        description:
            "Search file contents by a regular expression (ripgrep syntax). Files that git ignores are left out.",
        parameters: ToolSchema.object(
            [
                ("pattern", ToolSchema.string("The regular expression.")),
                ("path", ToolSchema.string("File or folder; default the workspace.")),
                ("glob", ToolSchema.string("Only files that match this glob.")),
                ("ignore_case", ToolSchema.boolean("Letters match in either case.")),
                ("context", ToolSchema.integer("Lines of context around a match, at most 20.")),
                ("files_only", ToolSchema.boolean("Only the names of files with a match.")),
            ], required: ["pattern"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(
            arguments, tool: "grep", known: ["pattern", "path", "glob", "ignore_case", "context", "files_only"])
        let query = Query(
            pattern: try arguments.string("pattern"),
            path: try context.path(try arguments.optionalString("path") ?? "."),
            glob: try arguments.optionalString("glob"), ignoreCase: try arguments.bool("ignore_case"),
            context: try arguments.int("context", in: 0...20, default: 0),
            filesOnly: try arguments.bool("files_only"))
        return PreparedCall(
            title: "Search: \(query.pattern)", action: PolicyAction(tool: "grep", subject: .path(query.path)),
            run: { _ in try await Self.search(query, context) })
    }

    private struct Query: Sendable {
        var pattern: String
        var path: String
        var glob: String?
        var ignoreCase: Bool
        var context: Int
        var filesOnly: Bool

        private var place: String { path.isEmpty ? "." : path }

        var ripgrep: [String] {
            var command = Ripgrep.base + ["--max-columns", "400", "--max-columns-preview", "--no-heading"]
            command += filesOnly ? ["--files-with-matches"] : ["--line-number", "--with-filename"]
            if ignoreCase { command.append("--ignore-case") }
            if context > 0 { command += ["--context", String(context)] }
            if let glob { command += ["--glob", glob] }
            return command + ["--regexp", pattern, "--", place]
        }

        var grep: [String] {
            var command = ["grep", "-r", "-E", "-I", "--exclude-dir=.git"]
            command.append(filesOnly ? "-l" : "-n")
            if ignoreCase { command.append("-i") }
            if context > 0 { command += ["-C", String(context)] }
            if let glob { command.append("--include=\(glob)") }
            return command + ["-e", pattern, "--", place]
        }
    }

    private static func search(_ query: Query, _ context: ToolContext) async throws -> ToolOutcome {
        var search = try await QuietCommand.run(query.ripgrep, context)
        if case .couldNotStart = search.result.outcome { search = try await QuietCommand.run(query.grep, context) }
        switch search.result.outcome {
        case .exited(0):
            return ToolOutcome(text: lines(search.stdout, context))
        case .exited(1):
            return ToolOutcome(text: "No match for \(query.pattern).")
        default:
            let failure = "grep: \(String(decoding: search.stderr.prefix(2000), as: UTF8.self))"
            if search.stdout.isEmpty { return ToolOutcome(text: failure, isError: true) }
            // A file that cannot be read does not make the other matches worthless.
            return ToolOutcome(text: "\(lines(search.stdout, context))\n\(failure)")
        }
    }

    private static func lines(_ output: [UInt8], _ context: ToolContext) -> String {
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(Ripgrep.withoutDot)
        return HeadTailBuffer.capped(lines.joined(separator: "\n"), limit: context.limits.toolOutputBytes)
    }
}
