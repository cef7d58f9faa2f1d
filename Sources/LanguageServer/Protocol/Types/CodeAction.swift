import JSON

extension LSP {
    struct CodeAction: Codable, Sendable, Equatable {
        var title: String
        var kind: String
        /// The diagnostics as the client gave them, untouched, so that it finds its own again.
        var diagnostics: [JSON]?
        /// The one that a client may take unasked among several.
        var isPreferred: Bool?
        var edit: WorkspaceEdit?
        var command: Command?
    }
}
