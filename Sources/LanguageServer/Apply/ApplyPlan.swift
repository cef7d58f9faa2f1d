import AgentProtocol

/// What applying a result comes to: the client's edits, files to write, files that stay as they are.
struct ApplyPlan: Sendable {
    struct DiskStep: Sendable, Equatable {
        var path: WorkspacePath
        /// What must be there right before.
        var expected: FileImage
        var action: Action

        enum Action: Sendable, Equatable {
            /// Nil keeps the executable bits.
            case write([UInt8], executable: Bool?)
            case link(String)
            case remove
            /// The executable bits alone: the contents are the editor's business, or right already.
            case mode(Bool)
        }
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

    /// What a file is and what becomes of it, for undoing.
    struct Images: Sendable, Equatable {
        var before: FileImage
        var after: FileImage
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
    /// By path, of all files that are not conflicts.
    var images: [String: Images] = [:]
    /// By path: what is remembered of a file once it is written.
    var memory: [String: ApplyRecord.Entry] = [:]
    /// Files written on disk that a buffer shows.
    var shown: Set<String> = []

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
