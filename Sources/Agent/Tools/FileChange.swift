import AgentProtocol
import Git
import Policy
import Sandbox

/// The common part of the tools that change one file.
struct FileChange: Sendable {
    let path: String
    let context: ToolContext
    let tool: String
    let title: String
    /// The new contents from the present ones (nil: no file).
    let change: @Sendable ([UInt8]?) throws -> [UInt8]

    /// Larger files are not edited as text.
    private static let maximumBytes = 16 << 20

    var prepared: PreparedCall {
        PreparedCall(
            title: title, action: PolicyAction(tool: tool, subject: .path(path)),
            preview: { try await self.compute().patch },
            run: { itemId in
                let (old, new, patch) = try await compute()
                if old == new { return ToolOutcome(text: "\(path) already has exactly this contents.") }
                await context.changes.touched(path)
                try await context.sandbox.writeFile(path, new, mode: nil)
                let kind: FileChangeKind = old == nil ? .added : .modified
                try await context.log.append(
                    .fileChanged(
                        FileChanged(
                            itemId: itemId, path: path, change: kind,
                            patch: HeadTailBuffer.capped(patch, limit: context.limits.eventPatchBytes))))
                return ToolOutcome(text: old == nil ? "Created \(path)." : "Changed \(path).")
            })
    }

    private func compute() async throws -> (old: [UInt8]?, new: [UInt8], patch: String) {
        let old = try await current()
        let new = try change(old)
        guard new.count <= Self.maximumBytes else { throw ToolFailure("\(path): the new contents is too large.") }
        let patch = try UnifiedDiff.make(old: old, new: new, path: path)
        return (old, new, patch.binary ? "Binary file \(path) changes.\n" : patch.text)
    }

    private func current() async throws -> [UInt8]? {
        guard let status = try await context.sandbox.stat(path) else { return nil }
        guard status.kind == .regular else { throw ToolFailure("\(path) is not a regular file.") }
        guard status.size <= Self.maximumBytes else { throw ToolFailure("\(path) is too large to edit.") }
        return try await context.sandbox.readFile(path, offset: 0, maximumBytes: Self.maximumBytes).bytes
    }
}
