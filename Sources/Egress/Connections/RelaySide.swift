import NIOCore

/// One direction of a tunnel: what its channel receives goes to the other's channel, as fast as that takes it.
final class RelaySide: ChannelSide {
    private let connection: ProxyConnection
    private let channel: any Channel
    private let partner: any Channel
    private let isClient: Bool
    private var isInputClosed = false
    private var wantsRead = false
    private var hasWritten = false
    /// The other direction.
    private weak var opposite: RelaySide?

    private init(_ connection: ProxyConnection, from channel: any Channel, to partner: any Channel, isClient: Bool) {
        self.connection = connection
        self.channel = channel
        self.partner = partner
        self.isClient = isClient
    }

    static func pair(
        _ connection: ProxyConnection, client: any Channel, upstream: any Channel
    ) -> (client: RelaySide, upstream: RelaySide) {
        let first = RelaySide(connection, from: client, to: upstream, isClient: true)
        let second = RelaySide(connection, from: upstream, to: client, isClient: false)
        first.opposite = second
        second.opposite = first
        return (first, second)
    }

    func start() { channel.read() }

    func received(_ bytes: ByteBuffer) {
        guard connection.passes(bytes.readableBytes, isUp: isClient) else { return }
        hasWritten = true
        partner.write(bytes, promise: nil)
    }

    func readCompleted() {
        if hasWritten {
            hasWritten = false
            partner.flush()
        }
        guard !isInputClosed else { return }
        if partner.isWritable { channel.read() } else { wantsRead = true }
    }

    /// This channel takes bytes again, so the other may be read.
    func becameWritable() { opposite?.resume() }

    private func resume() {
        guard wantsRead else { return }
        wantsRead = false
        channel.read()
    }

    func inputClosed() {
        guard !isInputClosed else { return }
        isInputClosed = true
        let partner = partner
        // Only when everything is out: closing the second direction closes the channel, with what still waits in it.
        partner.whenFlushed { partner.close(mode: .output, promise: nil) }
    }

    func secured() {}
    func failed(_ error: any Error) {}

    /// Both directions ended, or a reset. The end of this direction comes without ``inputClosed()`` when the other ended
    /// before.
    func closed() {
        connection.tunnelClosed(byClient: isClient, isClean: isInputClosed || opposite?.isInputClosed == true)
    }
}

extension Channel {
    /// Calls back when everything that was written so far is with the system, or the channel is gone. On the loop.
    func whenFlushed(_ body: @escaping () -> Void) {
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in body() }
        writeAndFlush(ByteBuffer(), promise: promise)
    }
}
