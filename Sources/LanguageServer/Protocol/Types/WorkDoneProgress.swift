extension LSP {
    /// The `value` of `$/progress` for work done: begin, report or end.
    struct WorkDoneProgress: Codable, Sendable, Equatable {
        enum Kind: String, Codable, Sendable { case begin, report, end }

        var kind: Kind
        /// Only with `begin`.
        var title: String?
        /// Not with `end`.
        var cancellable: Bool?
        var message: String?
    }
}
