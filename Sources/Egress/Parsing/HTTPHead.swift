/// A field of a head. The value may hold bytes beyond ASCII.
struct HTTPField: Sendable, Equatable {
    /// As it was sent.
    var name: String
    /// See ``HTTPSyntax/canonicalName(_:)``.
    var canonical: String
    var value: [UInt8]

    var text: String { String(decoding: value, as: UTF8.self) }
}

/// How long a message's body is (RFC 9112 section 6.3).
enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
    /// Until the connection ends; responses only.
    case untilClose
}

struct RequestHead: Sendable, Equatable {
    var method: String
    /// As it was sent: visible ASCII without `#` and backslash.
    var target: String
    /// 0 or 1.
    var minorVersion: Int
    var fields: [HTTPField]
    var framing: BodyFraming

    /// Whether the client wants the connection to go on (RFC 9112 section 9.3); HTTP/1.0 is not offered that.
    var keepsAlive: Bool {
        minorVersion == 1
            && !fields.contains { field in
                (field.canonical == "connection" || field.canonical == "proxy-connection")
                    && HTTPFields.listContains(field, "close")
            }
    }

    /// The value of the only field of this name; nil without one.
    func only(_ canonical: String) -> HTTPField? { fields.first { $0.canonical == canonical } }
}

struct ResponseHead: Sendable, Equatable {
    var minorVersion: Int
    var status: Int
    var reason: String
    var fields: [HTTPField]

    var keepsAlive: Bool {
        minorVersion == 1
            && !fields.contains { $0.canonical == "connection" && HTTPFields.listContains($0, "close") }
    }
}

/// Why a message is refused. The client is told, so that a person can find the fault.
enum HTTPError: Error, Equatable {
    case bareLineFeed
    case bareCarriageReturn
    case headTooLarge
    case lineTooLong
    case tooManyFields
    case badStartLine
    case badVersion
    case badField
    case foldedField
    case conflictingLength
    case badLength
    case badTransferCoding
    case badHost
    case badChunk

    var message: String {
        switch self {
        case .bareLineFeed: "a line feed without a carriage return"
        case .bareCarriageReturn: "a carriage return without a line feed"
        case .headTooLarge: "the head is too large"
        case .lineTooLong: "a line is too long"
        case .tooManyFields: "too many header fields"
        case .badStartLine: "the first line is malformed"
        case .badVersion: "only HTTP/1.0 and HTTP/1.1 are spoken"
        case .badField: "a header field is malformed"
        case .foldedField: "a header field is folded over lines"
        case .conflictingLength: "Content-Length and Transfer-Encoding together, or one of them twice"
        case .badLength: "Content-Length is not a number"
        case .badTransferCoding: "the only transfer coding is chunked"
        case .badHost: "Host is missing, doubled or malformed"
        case .badChunk: "a chunk is malformed"
        }
    }
}
