extension LSP {
    /// A place between two characters: line from 0, `character` in units of the negotiated position encoding.
    struct Position: Codable, Sendable, Hashable, Comparable {
        var line: Int
        var character: Int

        static func < (lhs: Position, rhs: Position) -> Bool {
            (lhs.line, lhs.character) < (rhs.line, rhs.character)
        }
    }
}
