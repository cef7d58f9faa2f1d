import JSON
import JSONRPC
import Synchronization
import TestSupport
import Testing

/// The transport over real pipes.
@Suite struct StdioTransportTests {
    /// A transport that owns one end of each pipe, and the other ends.
    private func open(
        _ framing: Framing, options: (inout StdioTransport.Options) -> Void = { _ in }
    ) throws -> (transport: StdioTransport, toIt: Pipe, fromIt: Pipe) {
        let (toIt, fromIt) = (try Pipe(), try Pipe())
        var values = StdioTransport.Options(ownsDescriptors: true)
        options(&values)
        let transport = StdioTransport(
            input: toIt.readEnd, output: fromIt.writeEnd, framing: framing, options: values)
        return (transport, toIt, fromIt)
    }

    private func collect(_ transport: StdioTransport) async -> [TransportEvent] {
        var events: [TransportEvent] = []
        for await event in transport.inbound { events.append(event) }
        return events
    }

    @Test(arguments: [Framing.contentLength, .newline]) func bothDirections(_ framing: Framing) async throws {
        let (transport, toIt, fromIt) = try open(framing)
        let messages = MessageFramerTests.messages
        try await toIt.write(messages.flatMap { framing.frame($0) })
        toIt.closeWriteEnd()
        #expect(await collect(transport) == messages.map { .message($0) })
        for message in messages { try await transport.send(message) }
        await transport.close()
        #expect(try await fromIt.readToEnd() == messages.flatMap { framing.frame($0) })
        fromIt.closeReadEnd()
    }

    @Test(arguments: [Framing.contentLength, .newline])
    func detectedFramingIsUsedBothWays(_ framing: Framing) async throws {
        let (transport, toIt, fromIt) = try open(.detect)
        // Sent before anything has been received: waits for the framing to be known.
        try await transport.send(Array("[1]".utf8))
        try await toIt.write(framing.frame(Array("{}".utf8)))
        #expect(try await fromIt.read() == framing.frame(Array("[1]".utf8)))
        toIt.closeWriteEnd()
        #expect(await collect(transport) == [.message(Array("{}".utf8))])
        await transport.close()
        fromIt.closeReadEnd()
    }

    @Test func truncatedMessageAtTheEnd() async throws {
        let (transport, toIt, fromIt) = try open(.contentLength)
        try await toIt.write(Array("Content-Length: 10\r\n\r\n{".utf8))
        toIt.closeWriteEnd()
        #expect(await collect(transport) == [.malformed("the stream ended inside a message", recoverable: false)])
        await transport.close()
        fromIt.closeReadEnd()
    }

    @Test func closeEndsTheInputOfAnIdlePeer() async throws {
        let (transport, toIt, fromIt) = try open(.newline)
        let reading = Task { await collect(transport) }
        await transport.close()
        #expect(await reading.value.isEmpty)
        await #expect(throws: TransportError.closed) { try await transport.send([]) }
        await transport.close()
        toIt.closeWriteEnd()
        fromIt.closeReadEnd()
    }

    /// More than a pipe holds is queued when `close` is called; all of it must arrive.
    @Test func closeDeliversTheLastBytes() async throws {
        let (transport, toIt, fromIt) = try open(.newline) {
            $0.sendHighWaterMark = .max
            $0.closeGrace = .seconds(600)
        }
        let messages = (0..<3000).map {
            Array("{\"n\":\($0),\"padding\":\"\(String(repeating: "é", count: 100))\"}".utf8)
        }
        for message in messages { try await transport.send(message) }
        async let closing: Void = transport.close()
        let received = try await fromIt.readToEnd()
        await closing
        #expect(received == messages.flatMap { Framing.newline.frame($0) })
        toIt.closeWriteEnd()
        fromIt.closeReadEnd()
    }

    @Test func closeGivesUpOnAPeerThatDoesNotRead() async throws {
        let (transport, toIt, fromIt) = try open(.newline) {
            $0.sendHighWaterMark = .max
            $0.closeGrace = .milliseconds(1)
        }
        try await transport.send([UInt8](repeating: 0x31, count: 4 << 20))
        await transport.close()
        await #expect(throws: TransportError.closed) { try await transport.send([]) }
        toIt.closeWriteEnd()
        fromIt.closeReadEnd()
    }

    @Test func sendWaitsForASlowPeer() async throws {
        let (transport, toIt, fromIt) = try open(.newline) { $0.sendHighWaterMark = 64 * 1024 }
        let sent = Mutex(0)
        let message = [UInt8](repeating: UInt8(ascii: "1"), count: 16 * 1024)
        let total = 200
        let sending = Task {
            for _ in 0..<total {
                try await transport.send(message)
                sent.withLock { $0 += 1 }
            }
        }
        // However the threads run, what has been sent is at most what was read, plus the pipe, the queue and a batch.
        let slack = (1 << 20) / message.count
        var received = 0
        while received < total * (message.count + 1) {
            #expect(sent.withLock { $0 } <= received / message.count + slack)
            received += try await fromIt.read(message.count).count
        }
        try await sending.value
        await transport.close()
        toIt.closeWriteEnd()
        fromIt.closeReadEnd()
    }

    @Test func brokenPipeIsAnError() async throws {
        let (transport, toIt, fromIt) = try open(.newline) { $0.sendHighWaterMark = 0 }
        fromIt.closeReadEnd()
        await #expect(throws: TransportError.closed) {
            // The first message may still be on its way when the second is queued.
            while true { try await transport.send(Array("{}".utf8)) }
        }
        // Input still works.
        try await toIt.write(Array("[]\n".utf8))
        toIt.closeWriteEnd()
        #expect(await collect(transport) == [.message(Array("[]".utf8))])
        await transport.close()
    }

    /// The transport must not read ahead of its consumer by more than its buffers hold.
    @Test func readingPausesWhileTheConsumerLags() async throws {
        let (transport, toIt, fromIt) = try open(.newline) { $0.maxUnreadMessages = 4 }
        let written = Mutex(0)
        let message = [UInt8](repeating: UInt8(ascii: "1"), count: 16 * 1024)
        let total = 1000
        let writing = Task {
            for _ in 0..<total {
                try await toIt.write(message + [UInt8(ascii: "\n")])
                written.withLock { $0 += 1 }
            }
            toIt.closeWriteEnd()
        }
        // The pipe, one read, what the framer holds, the unread messages.
        let slack = 4 + (1 << 20) / message.count
        var consumed = 0
        for await event in transport.inbound {
            #expect(written.withLock { $0 } <= consumed + slack)
            #expect(event == .message(message))
            consumed += 1
        }
        try await writing.value
        #expect(consumed == total)
        await transport.close()
        fromIt.closeReadEnd()
    }

    @Test func connectionOverPipes() async throws {
        let (there, back) = (try Pipe(), try Pipe())
        let options = StdioTransport.Options(ownsDescriptors: true)
        let client = Connection(
            transport: StdioTransport(
                input: back.readEnd, output: there.writeEnd, framing: .contentLength, options: options),
            router: Router())
        let router = makeRouter { router in
            router.on(Add.self, .concurrent) { params, _ in params.left + params.right }
        }
        let server = Connection(
            transport: StdioTransport(input: there.readEnd, output: back.writeEnd, framing: .detect, options: options),
            router: router)
        let running = [Task { await client.run() }, Task { await server.run() }]
        for index in 0..<100 {
            #expect(try await client.request(Add.self, Add.Params(left: index, right: index)) == 2 * index)
        }
        await client.close()
        for task in running { await task.value }
    }
}
