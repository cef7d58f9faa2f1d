import AgentProtocol

/// What applying a result comes to: the client's edits, files to write, files that stay as they are.
struct ApplyPlan: Sendable {
    enum DiskStep: Sendable, Equatable {
        /// `expected` is what must be there right before; nil: no file.
        case write(WorkspacePath, [UInt8], expected: [UInt8]?, executable: Bool?)
        case remove(WorkspacePath, expected: [UInt8])
    }

    struct BufferEdit: Sendable, Equatable {
        var path: String
        var uri: String
        /// Of the open document; nil when it is not open.
        var version: Int?
        var edits: [LSP.TextEdit]
        var operation = Operation.edit

        enum Operation: Sendable, Equatable { case edit, create, delete }
    }

    var edits: [BufferEdit] = []
    var disk: [DiskStep] = []
    /// Files that already are as the result has them.
    var unchanged: [String] = []
    var conflicts: [ApplyConflict] = []
    /// Files that the user and the session changed: they can be planned once they are merged.
    var merges: [MergeSides] = []
    /// Files that are written with conflict markers.
    var marked: [String] = []

    /// The edit to send, in the form that the client declared.
    func workspaceEdit(_ features: ClientFeatures) -> LSP.WorkspaceEdit {
        guard features.takesDocumentChanges else {
            let pairs = edits.map { ($0.uri, $0.edits) }
            return LSP.WorkspaceEdit(changes: Dictionary(pairs) { $0 + $1 })
        }
        var changes: [LSP.DocumentChange] = []
        for edit in edits {
            switch edit.operation {
            case .delete: changes.append(.delete(uri: edit.uri))
            case .create:
                changes.append(.create(uri: edit.uri))
                changes.append(.edit(uri: edit.uri, version: nil, edits: edit.edits))
            case .edit: changes.append(.edit(uri: edit.uri, version: edit.version, edits: edit.edits))
            }
        }
        return LSP.WorkspaceEdit(documentChanges: changes)
    }
}
