extension LSP {
    struct WorkspaceFolder: Codable, Sendable {
        var uri: String
        var name: String?
    }
}
