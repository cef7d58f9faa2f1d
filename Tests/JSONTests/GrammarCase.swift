import Testing

/// One text of a table, with its name for the test report.
struct GrammarCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]

    init(_ name: String, _ text: String) {
        self.name = name
        bytes = Array(text.utf8)
    }

    /// A string literal, in its quotes, with raw bytes inside.
    init(_ name: String, inString content: [UInt8]) {
        self.name = name
        bytes = Array("[\"".utf8) + content + Array("\"]".utf8)
    }

    init(_ name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    var testDescription: String { name }
}
