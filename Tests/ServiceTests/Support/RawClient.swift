import NIOCore
import NIOPosix
import Synchronization

@testable import Service

/// A bare connection: sends any bytes and shows what comes back.
final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    private init(_ channel: any Channel, _ inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    static func connect(to address: ListenAddress) async throws -> RawClient {
        let inbox = Inbox()
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(inbox))
                }
            }
        let channel =
            switch address {
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
            case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
            }
        return RawClient(channel, inbox)
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// Takes bytes up to and with `end`; throws when the connection ends before.
    func read(through end: String) async throws -> String {
        let mark = Array(end.utf8)
        return String(
            decoding: try await inbox.take { bytes in
                guard bytes.count >= mark.count else { return nil }
                let start = bytes.startIndex
                return (0...(bytes.count - mark.count))
                    .first { bytes[start + $0..<start + $0 + mark.count].elementsEqual(mark) }.map { $0 + mark.count }
            }, as: UTF8.self)
    }

    func read(count: Int) async throws -> [UInt8] { try await inbox.take { $0.count >= count ? count : nil } }

    func readToEnd() async -> [UInt8] { await inbox.takeAll() }

    func close() { channel.close(promise: nil) }

    /// Stops reading from the network.
    func pause() { channel.setOption(.autoRead, value: false).whenComplete { _ in } }
    func resume() { channel.setOption(.autoRead, value: true).whenComplete { _ in } }

    /// One HTTP request and its whole answer.
    static func request(_ text: String, to address: ListenAddress) async throws -> String {
        let client = try await connect(to: address)
        // The service may answer and close before it has all.
        try? await client.send(text)
        return String(decoding: await client.readToEnd(), as: UTF8.self)
    }

    /// After a successful WebSocket handshake.
    static func webSocket(to address: ListenAddress) async throws -> RawClient {
        let client = try await connect(to: address)
        try await client.send(upgradeRequest())
        let answer = try await client.read(through: "\r\n\r\n")
        guard answer.hasPrefix("HTTP/1.1 101 ") else { throw TestFailure(answer) }
        return client
    }

    static func upgradeRequest(
        path: String = "/v1/rpc", token: String? = TestService.token, extra: String = ""
    ) -> String {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        return "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\(authorization)\(extra)\r\n"
    }

    // MARK: Frames

    func sendFrame(_ first: UInt8, _ payload: [UInt8], masked: Bool = true) async throws {
        try await send(Self.frame(first, payload, masked: masked))
    }

    static func frame(_ first: UInt8, _ payload: [UInt8], masked: Bool = true) -> [UInt8] {
        var frame: [UInt8] = [first]
        let bit: UInt8 = masked ? 0x80 : 0
        if payload.count < 126 {
            frame.append(bit | UInt8(payload.count))
        } else if payload.count < 65536 {
            frame += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        } else {
            frame += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let mask: [UInt8] = [0x11, 0x22, 0x33, 0x44]
        if masked { frame += mask }
        return frame + payload.enumerated().map { masked ? $0.element ^ mask[$0.offset % 4] : $0.element }
    }

    /// The next frame's first byte and payload.
    func readFrame() async throws -> (first: UInt8, payload: [UInt8]) {
        let head = try await read(count: 2)
        var length = Int(head[1])
        if length >= 126 {
            length = try await read(count: length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
        }
        return (head[0], try await read(count: length))
    }

    /// The code of the close frame that comes next, pings skipped.
    func readCloseCode() async throws -> Int {
        while true {
            let (first, payload) = try await readFrame()
            if first == 0x88 { return payload.count < 2 ? 0 : Int(payload[0]) << 8 | Int(payload[1]) }
        }
    }
}

/// What has come and not been taken.
private final class Inbox: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// What was taken from the front of `bytes`.
        var taken = 0
        var isEnded = false
        /// Counts changes, so that none is missed between a look and the wait after it.
        var version = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func add(_ bytes: [UInt8]) { change { $0.bytes += bytes } }
    func end() { change { $0.isEnded = true } }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            state.version += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func take(_ length: (ArraySlice<UInt8>) -> Int?) async throws -> [UInt8] {
        while true {
            let (taken, isEnded, version) = state.withLock { state -> ([UInt8]?, Bool, Int) in
                guard let length = length(state.bytes[state.taken...]) else {
                    return (nil, state.isEnded, state.version)
                }
                let piece = Array(state.bytes[state.taken..<state.taken + length])
                state.taken += length
                if state.taken > 1 << 20 {
                    state.bytes.removeFirst(state.taken)
                    state.taken = 0
                }
                return (piece, false, state.version)
            }
            if let taken { return taken }
            if isEnded { throw TestFailure("the connection ended") }
            await change(since: version)
        }
    }

    func takeAll() async -> [UInt8] {
        while true {
            let (bytes, version) = state.withLock { state -> ([UInt8]?, Int) in
                (state.isEnded ? Array(state.bytes[state.taken...]) : nil, state.version)
            }
            if let bytes { return bytes }
            await change(since: version)
        }
    }

    /// Waits for a change after `version`.
    private func change(since version: Int) async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.version != version { return true }
                state.waiter = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbox.add(Array(Self.unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { inbox.end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.end()
        context.close(promise: nil)
    }
}
