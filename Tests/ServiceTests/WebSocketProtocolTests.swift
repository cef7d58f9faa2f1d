import Testing
import WebSocket

@testable import Service

/// What a peer that speaks WebSocket badly, or not at all after the upgrade, meets.
@Suite struct WebSocketProtocolTests {
    @Test func pingIsAnswered() async throws {
        try await TestService.with { service in
            let client = try await RawClient.webSocket(to: service.address)
            try await client.sendFrame(0x89, Array("hello".utf8))
            let frame = try await client.readFrame()
            #expect(frame.first == 0x8A)
            #expect(frame.payload == Array("hello".utf8))
            client.close()
        }
    }

    @Test func closeIsEchoed() async throws {
        try await TestService.with { service in
            let client = try await RawClient.webSocket(to: service.address)
            try await client.sendFrame(0x88, [0x0F, 0xA0] + Array("own code".utf8))
            #expect(try await client.readCloseCode() == 4000)
            #expect(await client.readToEnd().isEmpty)
        }
    }

    @Test func closeWithoutCode() async throws {
        try await TestService.with { service in
            let client = try await RawClient.webSocket(to: service.address)
            try await client.sendFrame(0x88, [])
            #expect(try await client.readCloseCode() == 0)
            #expect(await client.readToEnd().isEmpty)
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        var code: Int
    }

    static let bad: [Bad] = [
        Bad(testDescription: "binary", bytes: RawClient.frame(0x82, [1, 2]), code: 1003),
        Bad(testDescription: "unmasked", bytes: RawClient.frame(0x81, [65], masked: false), code: 1002),
        Bad(testDescription: "invalid UTF-8", bytes: RawClient.frame(0x81, [0xFF]), code: 1007),
        Bad(testDescription: "HTTP", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8), code: 1002),
        Bad(
            testDescription: "oversize", bytes: [0x81, 0xFF, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3, 4], code: 1009),
        Bad(
            testDescription: "garbage after text",
            bytes: RawClient.frame(0x81, Array("{}".utf8)) + [0xFF, 0xFF, 0xFF, 0xFF], code: 1002),
    ]

    @Test(arguments: bad) func violations(_ bad: Bad) async throws {
        try await TestService.with { service in
            let client = try await RawClient.webSocket(to: service.address)
            // The service may be quicker to close than this write is to be reported as done.
            try? await client.send(bad.bytes)
            #expect(try await client.readCloseCode() == bad.code)
            // The connection ends, though we never answer the close frame.
            _ = await client.readToEnd()
        }
    }

    @Test func fragmentsMakeOneMessage() async throws {
        try await TestService.with { service in
            let client = try await RawClient.webSocket(to: service.address)
            let message = #"{"jsonrpc":"2.0","id":1,"method":"agent/list","params":{}}"#
            let bytes = Array(message.utf8)
            try await client.sendFrame(0x01, Array(bytes[..<10]))
            try await client.sendFrame(0x89, [9])
            try await client.sendFrame(0x00, Array(bytes[10..<20]))
            try await client.sendFrame(0x80, Array(bytes[20...]))
            #expect(try await client.readFrame().first == 0x8A)
            let answer = try await client.readFrame()
            #expect(answer.first == 0x81)
            #expect(String(decoding: answer.payload, as: UTF8.self).contains("-32002"))
            client.close()
        }
    }

    @Test(arguments: ["{", "[]", "42", #"{"jsonrpc":"2.0"}"#, #"{"jsonrpc":"1.0","id":1,"method":"x"}"#, ""])
    func malformedJSONKeepsTheConnection(_ text: String) async throws {
        try await TestService.with { service in
            let client = try await RawClient.webSocket(to: service.address)
            try await client.sendFrame(0x81, Array(text.utf8))
            let answer = String(decoding: try await client.readFrame().payload, as: UTF8.self)
            #expect(answer.contains(#""error""#))
            try await client.sendFrame(0x81, Array(#"{"jsonrpc":"2.0","id":"a","method":"agent/list"}"#.utf8))
            let next = String(decoding: try await client.readFrame().payload, as: UTF8.self)
            #expect(next.contains(#""id":"a""#))
            client.close()
        }
    }

    /// A peer whose host is gone sends nothing, not even pongs.
    @Test func silentPeersAreDropped() async throws {
        try await TestService.with(configure: {
            $0.webSocket.pingInterval = .milliseconds(50)
            $0.webSocket.deadAfter = .milliseconds(200)
        }) { service in
            let client = try await RawClient.webSocket(to: service.address)
            let bytes = await client.readToEnd()
            // Pings, and no close frame.
            #expect(bytes.starts(with: [0x89, 0]))
            #expect(!bytes.contains(0x88))
        }
    }

    @Test func connectionsMustInitialize() async throws {
        try await TestService.with(configure: { $0.limits.initializeTimeout = .milliseconds(100) }) { service in
            let client = try await RawClient.webSocket(to: service.address)
            #expect(try await client.readCloseCode() == 1008)
        }
    }
}
