extension LSP {
    struct TextDocumentIdentifier: Codable, Sendable {
        var uri: String
    }
}
