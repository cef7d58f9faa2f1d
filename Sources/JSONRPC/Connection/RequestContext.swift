/// What a handler knows about its request besides the parameters.
public struct RequestContext: Sendable {
    /// The id given by the peer.
    public let id: RequestID
    /// Where the request came from: for notifications and requests back to the peer while handling it. A serial
    /// handler may wait for such a request's reply.
    public let connection: Connection
}
