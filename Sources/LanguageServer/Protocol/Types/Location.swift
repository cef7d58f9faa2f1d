extension LSP {
    struct Location: Codable, Sendable, Hashable {
        var uri: String
        var range: Range
    }
}
