/// A value does not have the shape of the type it is decoded as.
public struct JSONDecodingError: Error, Sendable, Hashable {
    /// Where, from the root of the decoded value: `$.files[2].path`.
    public let path: String
    /// What is wrong there: "expected a string, found a number".
    public let message: String

    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }
}

extension JSONDecodingError: CustomStringConvertible {
    public var description: String { "\(path): \(message)" }
}

extension JSONDecodingError {
    /// Any error met while decoding, with its place; `path` serves for errors that carry none.
    init(wrapping error: any Error, path: CodingPath) {
        switch error {
        case let error as JSONDecodingError:
            self = error
        case DecodingError.keyNotFound(let key, let context):
            self.init(path: CodingPath.render(context.codingPath), message: "the key \"\(key.stringValue)\" is missing")
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            self.init(path: CodingPath.render(context.codingPath), message: context.debugDescription)
        default:
            self.init(path: path.description, message: String(describing: error))
        }
    }
}

extension DecodingError {
    /// The value is of another kind than asked for.
    static func mismatch(_ expected: String, _ found: JSON, at path: [any CodingKey]) -> DecodingError {
        .typeMismatch(
            JSON.self, .init(codingPath: path, debugDescription: "expected \(expected), found \(found.kindDescription)")
        )
    }
}
