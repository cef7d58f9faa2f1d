import JSON

extension LSP {
    struct ServerCapabilities: Codable, Sendable, Equatable {
        var positionEncoding: String
        var textDocumentSync = TextDocumentSync()
        var codeActionProvider = CodeActionProvider()
        var executeCommandProvider: ExecuteCommandProvider
        var workspace = Workspace()
        /// The `agent/*` methods: `{cofferdam: {protocolVersion, methods}}`.
        var experimental: JSON

        struct TextDocumentSync: Codable, Sendable, Equatable {
            var openClose = true
            /// 2: incremental.
            var change = 2
            var save = Save()
        }

        struct Save: Codable, Sendable, Equatable {
            var includeText = false
        }

        struct CodeActionProvider: Codable, Sendable, Equatable {
            var codeActionKinds = [CodeActionKind.quickFix, CodeActionKind.fixAll, CodeActionKind.session]
            var resolveProvider = false
        }

        struct ExecuteCommandProvider: Codable, Sendable, Equatable {
            var commands: [String]
        }

        struct Workspace: Codable, Sendable, Equatable {
            var workspaceFolders = WorkspaceFolders()
        }

        struct WorkspaceFolders: Codable, Sendable, Equatable {
            var supported = true
            var changeNotifications = true
        }
    }

    enum CodeActionKind {
        static let quickFix = "quickfix"
        /// Fixes of the tools, which a client may run on save: nothing of it asks the agent.
        static let fixAll = "source.fixAll.cofferdam"
        /// A kind of our own below `source`: a client that runs `source.fixAll` or `source.organizeImports` on save
        /// never meets an approval in it.
        static let session = "source.cofferdam"
    }
}
