extension LSP {
    struct DiagnosticRelatedInformation: Codable, Sendable, Equatable {
        var location: Location
        var message: String
    }
}
