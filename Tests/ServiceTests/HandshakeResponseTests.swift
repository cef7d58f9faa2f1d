import Testing

@testable import WebSocket

@Suite struct HandshakeResponseTests {
    @Test func heads() throws {
        let text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-Empty:\r\nA:  b \r\n\r\n"
        for length in 0..<text.utf8.count {
            #expect(try HandshakeResponse.parse(Array(text.utf8.prefix(length))) == nil)
        }
        let (response, length) = try #require(try HandshakeResponse.parse(Array((text + "rest").utf8)))
        #expect(length == text.utf8.count)
        #expect(response.status == 101)
        #expect(response.headers["x-empty"] == [""])
        #expect(response.headers["a"] == ["b"])
        #expect(try HandshakeResponse.parse(Array("HTTP/1.0 401\r\n\r\n".utf8))?.0.status == 401)
    }

    @Test(arguments: [
        "\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 1010 x\r\n\r\n", "HTTP/1.1 abc x\r\n\r\n", "HTTP/2 101 x\r\n\r\n",
        "HTTP/1.1 101 x\r\nno colon\r\n\r\n", "HTTP/1.1 101 x\r\n: no name\r\n\r\n", "HTTP/1.1 +99 x\r\n\r\n",
        String(repeating: "x", count: 20_000), "HTTP/1.1 101 x\r\nA: \(String(repeating: "x", count: 20_000))\r\n\r\n",
    ])
    func malformed(_ text: String) {
        #expect(throws: HandshakeResponse.Malformed()) { try HandshakeResponse.parse(Array(text.utf8)) }
    }
}
