extension LSP {
    struct TextEdit: Codable, Sendable, Hashable {
        var range: Range
        var newText: String
    }
}
