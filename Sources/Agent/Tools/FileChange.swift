import AgentProtocol
import Git
import Policy
import Sandbox
import Store

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
                if let kept = context.resumption.take(KeptKey.edit(itemId), as: KeptEdit.self),
                    let outcome = try await finish(kept, itemId)
                {
                    return outcome
                }
                let (old, new, patch) = try await compute()
                if old == new { return ToolOutcome(text: "\(path) already has exactly this contents.") }
                let edit = KeptEdit(
                    old: try old.map { try ObjectID.blob($0).description }, new: try ObjectID.blob(new).description,
                    patch: HeadTailBuffer.capped(patch, limit: context.limits.eventPatchBytes))
                try await context.changes.touched(path, keeping: [.value(KeptKey.edit(itemId), edit)])
                try await context.sandbox.writeFile(path, new, mode: nil)
                return try await told(edit, itemId)
            })
    }

    /// An edit that a former service had begun: a second time could be another change.
    /// - Returns: nil when it was not done yet.
    private func finish(_ edit: KeptEdit, _ itemId: String) async throws -> ToolOutcome? {
        let present = try await current().map { try ObjectID.blob($0).description }
        if edit.isTold || present == edit.new { return try await told(edit, itemId) }
        if present == edit.old { return nil }
        throw ToolFailure("\(path) was changed by something else meanwhile. Read it and call again.")
    }

    private func told(_ edit: KeptEdit, _ itemId: String) async throws -> ToolOutcome {
        if !edit.isTold {
            var known = edit
            known.isTold = true
            try await context.log.append(
                .fileChanged(
                    FileChanged(
                        itemId: itemId, path: path, change: edit.old == nil ? .added : .modified, patch: edit.patch)),
                keeping: [.value(KeptKey.edit(itemId), known)])
        }
        return ToolOutcome(text: edit.old == nil ? "Created \(path)." : "Changed \(path).")
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
