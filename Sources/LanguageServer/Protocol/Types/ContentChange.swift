extension LSP {
    /// One change of `textDocument/didChange`: of a range, or of the whole document when there is none.
    struct ContentChange: Codable, Sendable {
        var range: Range?
        var text: String
    }
}
