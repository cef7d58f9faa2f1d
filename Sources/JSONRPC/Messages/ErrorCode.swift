/// The code of an error reply.
public struct ErrorCode: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public init(_ rawValue: Int) { self.rawValue = rawValue }

    // JSON-RPC 2.0, section 5.1.
    /// The message is not JSON.
    public static let parseError = ErrorCode(-32700)
    /// The message is JSON but no request.
    public static let invalidRequest = ErrorCode(-32600)
    public static let methodNotFound = ErrorCode(-32601)
    public static let invalidParams = ErrorCode(-32602)
    public static let internalError = ErrorCode(-32603)

    // The range JSON-RPC leaves to servers.
    /// Too many requests at once; try again later.
    public static let overloaded = ErrorCode(-32001)
    /// LSP: a request before `initialize`.
    public static let serverNotInitialized = ErrorCode(-32002)

    // LSP 3.17, `ErrorCodes`.
    /// LSP: a request failed although it was well formed; the message is meant for the user.
    public static let requestFailed = ErrorCode(-32803)
    /// LSP: the server gave the request up of its own accord.
    public static let serverCancelled = ErrorCode(-32802)
    /// LSP: the document changed, so that the result would be worthless.
    public static let contentModified = ErrorCode(-32801)
    /// The sender cancelled the request.
    public static let requestCancelled = ErrorCode(-32800)
}
