extension LSP {
    struct VersionedTextDocumentIdentifier: Codable, Sendable {
        var uri: String
        /// Required by the specification; some clients leave it out or send null.
        var version: Int?
    }
}
