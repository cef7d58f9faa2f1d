import NIOCore

/// The gateway's own connection to a host, for requests that it reads. Bound to the client's loop.
final class UpstreamLink {
    let channel: any Channel
    let target: EgressTarget
    let rule: EgressRule
    let address: IPAddress
    /// Requests were sent on it.
    var isUsed = false
    /// The response's bytes that were not looked at yet.
    var pending = ByteBuffer()
    /// TLS ended without notice: what the end of the connection delimits may be cut short.
    var isTruncated = false
    /// Waits for TLS.
    var whenReady: ((Result<Void, Denial>) -> Void)?
    var isOpen = true

    init(channel: any Channel, target: EgressTarget, rule: EgressRule, address: IPAddress) {
        self.channel = channel
        self.target = target
        self.rule = rule
        self.address = address
    }

    func close() {
        isOpen = false
        channel.close(promise: nil)
    }

    func ready(_ result: Result<Void, Denial>) {
        let waiting = whenReady
        whenReady = nil
        waiting?(result)
    }
}

/// Hears of a link's channel.
final class UpstreamSide: ChannelSide {
    private let connection: ProxyConnection
    private let link: UpstreamLink

    init(_ connection: ProxyConnection, _ link: UpstreamLink) {
        self.connection = connection
        self.link = link
    }

    func received(_ bytes: ByteBuffer) {
        var bytes = bytes
        if link.pending.readableBytes == 0 { link.pending = bytes } else { link.pending.writeBuffer(&bytes) }
        connection.respond(link)
    }

    func readCompleted() { connection.readUpstreamIfWanted(link) }
    func becameWritable() { connection.process() }
    func inputClosed() {}
    func secured() { link.ready(.success(())) }

    func failed(_ error: any Error) { connection.upstreamFailed(link, error) }

    func closed() { connection.upstreamClosed(link) }
}
