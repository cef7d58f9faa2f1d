extension LSP {
    /// From `start` up to, not including, `end`.
    struct Range: Codable, Sendable, Hashable {
        var start: Position
        var end: Position

        /// Whether the two share a position; touching counts, since compilers report empty ranges.
        func touches(_ other: Range) -> Bool {
            start <= other.end && other.start <= end
        }
    }
}
