import JSON

/// The handlers of a connection by method. Built once, before the connection runs.
public struct Router: Sendable {
    public typealias RawRequestHandler = @Sendable (JSON?, RequestContext) async throws -> JSON
    public typealias RawNotificationHandler = @Sendable (JSON?, Connection) async throws -> Void

    struct RequestEntry: Sendable {
        let order: HandlingOrder
        let body: RawRequestHandler
    }

    private(set) var requests: [String: RequestEntry] = [:]
    private(set) var notifications: [String: RawNotificationHandler] = [:]

    /// Takes requests (concurrently) that no other handler takes. Without it they are answered with
    /// `methodNotFound`.
    public var fallbackRequest: (@Sendable (_ method: String, JSON?, RequestContext) async throws -> JSON)?

    /// Takes notifications that no other handler takes. Without it they are ignored.
    public var fallbackNotification: (@Sendable (_ method: String, JSON?, Connection) async -> Void)?

    /// Looks at every request and notification when its turn comes, before its handler is chosen. Throwing answers a
    /// request with that error and drops a notification.
    public var beforeDispatch: (@Sendable (_ method: String, _ isRequest: Bool) throws(ResponseError) -> Void)?

    public init() {}

    /// Handles a kind of request. Throwing answers with an error: `ResponseError` as it is, `JSONDecodingError` as
    /// invalid parameters, `CancellationError` as cancelled, anything else as an internal error.
    public mutating func on<R: RequestType>(
        _ type: R.Type, _ order: HandlingOrder,
        _ body: @escaping @Sendable (R.Params, RequestContext) async throws -> R.Result
    ) {
        onRaw(R.method, order) { params, context in
            let params = try Self.decode(R.Params.self, from: params)
            return try JSONCoder.encode(try await body(params, context))
        }
    }

    /// Handles a kind of notification. The next message is looked at when the handler has returned.
    public mutating func on<N: NotificationType>(
        _ type: N.Type, _ body: @escaping @Sendable (N.Params, Connection) async -> Void
    ) {
        onRawNotification(N.method) { params, connection in
            await body(try Self.decode(N.Params.self, from: params), connection)
        }
    }

    /// Handles requests of a method with parameters and result as plain JSON.
    public mutating func onRaw(_ method: String, _ order: HandlingOrder, _ body: @escaping RawRequestHandler) {
        requests[method] = RequestEntry(order: order, body: body)
    }

    /// Handles notifications of a method with parameters as plain JSON. An error only reaches the log.
    public mutating func onRawNotification(_ method: String, _ body: @escaping RawNotificationHandler) {
        notifications[method] = body
    }

    /// Absent parameters count as `{}`, or as nil for a type that may be nil.
    private static func decode<Params: Decodable>(
        _ type: Params.Type, from params: JSON?
    ) throws(JSONDecodingError) -> Params {
        let absent: JSON = type is any OptionalParams.Type ? .null : .object([:])
        do {
            return try JSONCoder.decode(type, from: params ?? absent)
        } catch {
            // Named as the peer sees it: `$` is the message.
            throw JSONDecodingError(path: "$.params" + error.path.dropFirst(), message: error.message)
        }
    }
}

private protocol OptionalParams {}
extension Optional: OptionalParams {}
