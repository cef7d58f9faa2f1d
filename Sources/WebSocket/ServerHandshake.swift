import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server's half of the opening handshake (RFC 6455 section 4.2).
public enum ServerHandshake {
    /// Whether the request asks for a WebSocket at all.
    public static func isUpgrade(_ head: HTTPRequestHead) -> Bool {
        head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }

    /// The headers of the 101 response, or nil when the request is not a proper handshake of version 13.
    ///
    /// Call it on the channel's event loop.
    public static func responseHeaders(to head: HTTPRequestHead, on channel: any Channel) -> HTTPHeaders? {
        guard head.version == .http1_1, head.method == .GET, isUpgrade(head),
            isRequestKey(head.headers["sec-websocket-key"])
        else { return nil }
        // NIO computes the accept value; with an accepting `shouldUpgrade` its future is complete at once.
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        let box = NIOLoopBoundBox<HTTPHeaders?>(nil, eventLoop: channel.eventLoop)
        upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: HTTPHeaders())
            .whenSuccess { box.value = $0 }
        return box.value
    }

    /// One value of 24 characters: 16 bytes in base 64.
    private static func isRequestKey(_ values: [String]) -> Bool {
        guard values.count == 1, values[0].utf8.count == 24, values[0].hasSuffix("==") else { return false }
        return values[0].utf8.dropLast(2).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
