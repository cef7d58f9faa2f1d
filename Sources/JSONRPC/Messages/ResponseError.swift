import JSON

/// The `error` member of a reply. A handler throws it to answer with it; `Connection.request` throws what the peer
/// answered.
public struct ResponseError: Error, Sendable, Equatable {
    public var code: ErrorCode
    /// One sentence for people.
    public var message: String
    /// Anything more for programs.
    public var data: JSON?

    public init(code: ErrorCode, message: String, data: JSON? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// The error member of a reply. A peer that leaves the code or message out still gets an error through.
    init(_ json: JSON) {
        code = json["code"]?.intValue.map { ErrorCode($0) } ?? .internalError
        message = json["message"]?.stringValue ?? "the peer gave no message"
        data = json["data"]
    }

    var json: JSON {
        var object: JSON = ["code": .number(JSONNumber(code.rawValue)), "message": .string(message)]
        if let data { object["data"] = data }
        return object
    }
}

extension ResponseError: CustomStringConvertible {
    public var description: String { "\(message) (\(code.rawValue))" }
}

extension ResponseError {
    /// What to answer for an error thrown by a handler.
    init(answering error: any Error) {
        switch error {
        case let error as ResponseError: self = error
        case let error as JSONDecodingError: self.init(code: .invalidParams, message: error.description)
        case is CancellationError: self.init(code: .requestCancelled, message: "the request was cancelled")
        default: self.init(code: .internalError, message: String(describing: error))
        }
    }
}
