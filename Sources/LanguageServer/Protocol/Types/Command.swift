import JSON

extension LSP {
    struct Command: Codable, Sendable, Equatable {
        var title: String
        var command: String
        var arguments: [JSON]?
    }
}
