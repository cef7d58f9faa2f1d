import AgentProtocol
import JSON
import Models
import Policy
import Sandbox

/// `read`: a text file with line numbers, a picture, or the names in a folder.
struct ReadTool: Tool {
    let effect = ToolEffect.reads
    let definition = ToolDefinition(
        name: "read",
        description: "Read a text file with line numbers, look at a picture (PNG, JPEG, GIF, WebP), or list a folder. "
            + "Long files are cut: ask for a part with offset and limit.",
        parameters: ToolSchema.object(
            [
                ("path", ToolSchema.string("File or folder, relative to the workspace.")),
                ("offset", ToolSchema.integer("First line, from 1.")),
                ("limit", ToolSchema.integer("Number of lines, at most 2000.")),
            ], required: ["path"]))

    /// Enough for any source file; a larger one is read by parts of its first bytes only.
    private static let maximumBytes = 4 << 20
    private static let maximumLineBytes = 2000

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(arguments, tool: "read", known: ["path", "offset", "limit"])
        let path = try context.path(try arguments.string("path"))
        let offset = try arguments.int("offset", in: 1...10_000_000, default: 1)
        let limit = try arguments.int("limit", in: 1...2000, default: 1000)
        return PreparedCall(
            title: "Read: \(path.isEmpty ? "." : path)", action: PolicyAction(tool: "read", subject: .path(path)),
            run: { _ in
                let status = try await context.sandbox.stat(path.isEmpty ? "." : path)
                guard let status else { return ToolOutcome(text: "\(path) does not exist.", isError: true) }
                switch status.kind {
                case .directory: return try await Self.list(path, context)
                case .regular: return try await Self.read(path, offset, limit, context)
                default: return ToolOutcome(text: "\(path) is neither a file nor a folder.", isError: true)
                }
            })
    }

    private static func picture(
        _ path: String, _ header: PictureHeader, _ file: FileContents, _ context: ToolContext
    ) async -> ToolOutcome {
        let words = header.summary(bytes: file.totalSize, name: path).words
        guard await context.readsImages() else {
            return ToolOutcome(text: "\(words): none of the session's models can look at pictures.", isError: true)
        }
        guard file.totalSize == file.bytes.count, let image = PromptPictures.content(file.bytes, header) else {
            return ToolOutcome(
                text: "\(words) has \(file.totalSize) bytes. You can look at pictures of at most "
                    + "\(PictureLimits.bytes) bytes and \(PictureLimits.side) pixels a side: make a smaller copy.",
                isError: true)
        }
        return ToolOutcome(text: words, images: [image])
    }

    private static func list(_ path: String, _ context: ToolContext) async throws -> ToolOutcome {
        let listing = try await context.sandbox.listFiles(
            path.isEmpty ? "." : path, recursive: false, maximumEntries: 1000)
        var text = listing.entries.map { $0.kind == .directory ? "\($0.path)/" : $0.path }.joined(separator: "\n")
        if listing.isTruncated { text += "\n[… more than 1000 entries …]" }
        return ToolOutcome(text: text.isEmpty ? "The folder is empty." : text)
    }

    private static func read(
        _ path: String, _ offset: Int, _ limit: Int, _ context: ToolContext
    ) async throws -> ToolOutcome {
        let file = try await context.sandbox.readFile(path, offset: 0, maximumBytes: maximumBytes)
        if let header = PictureHeader(file.bytes) { return await picture(path, header, file, context) }
        if file.bytes.prefix(8000).contains(0) {
            return ToolOutcome(text: "\(path) is a binary file of \(file.totalSize) bytes.", isError: true)
        }
        if file.bytes.isEmpty { return ToolOutcome(text: "\(path) is empty.") }
        var lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard offset <= lines.count else {
            let more = file.totalSize > file.bytes.count ? " in the part that can be read" : ""
            return ToolOutcome(text: "\(path) has only \(lines.count) lines\(more).", isError: true)
        }
        var text = ""
        var last = offset - 1
        for line in lines[(offset - 1)...].prefix(limit) {
            var shown = String(decoding: line.prefix(maximumLineBytes), as: UTF8.self)
            if line.count > maximumLineBytes { shown += " [… \(line.count - maximumLineBytes) bytes …]" }
            if text.utf8.count + shown.utf8.count > context.limits.toolOutputBytes { break }
            last += 1
            text += "\(last)\t\(shown)\n"
        }
        if last < lines.count || file.totalSize > file.bytes.count {
            text += "[… the file goes on: lines \(last + 1) to \(lines.count)"
            text += file.totalSize > file.bytes.count ? " and further …]\n" : " …]\n"
        }
        return ToolOutcome(text: text)
    }
}
