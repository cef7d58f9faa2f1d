import NIOCore

/// One request that the gateway passes on, and its response.
final class Exchange {
    /// How the response's body goes to the client.
    enum Outgoing {
        case none
        /// As it is: its length is known, or the end of the connection ends it.
        case plain
        case chunked
    }

    let head: RequestHead
    let request: ReadableRequest
    let flow: Flow
    /// Sends the request anew; there when the connection was reused, so that the host may have closed it already.
    var retry: (() -> Void)?
    var body: BodyReader
    var isRequestDone: Bool
    /// Whether the client's connection ends with this exchange.
    var endsConnection: Bool
    var responseLines: HeadLines
    var interimResponses = 0
    var response: ResponseHead?
    var responseBody: BodyReader?
    var outgoing = Outgoing.none

    init(
        head: RequestHead, request: ReadableRequest, flow: Flow, limits: EgressLimits
    ) {
        self.head = head
        self.request = request
        self.flow = flow
        body = BodyReader(head.framing, allowsExtensions: false)
        isRequestDone = body.isDone
        endsConnection = !head.keepsAlive
        responseLines = HeadLines(limits: limits)
    }
}
