import JSON

extension LSP {
    struct Diagnostic: Codable, Sendable, Equatable {
        var range: Range
        /// A raw number: a value of a later version must not make the whole message unreadable.
        var severity: Int?
        /// A string or a number.
        var code: JSON?
        var codeDescription: CodeDescription?
        var source: String?
        var message: String
        var relatedInformation: [DiagnosticRelatedInformation]?
        /// Raw numbers: a value of a later version must not make the whole message unreadable.
        var tags: [Int]?
        var data: JSON?
    }

    struct CodeDescription: Codable, Sendable, Equatable {
        var href: String
    }
}
