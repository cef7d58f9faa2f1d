import NIOCore
import NIOSSL

/// Responses of hosts, read as strictly as requests: what a client takes them for must be what the gateway took them for.
extension ProxyConnection {
    /// Interim responses (RFC 9110 section 15.2) before the final one.
    private static let maxInterimResponses = 16

    /// Passes on what there is of the response.
    func respond(_ link: UpstreamLink) {
        guard self.link === link, case .exchange(let exchange) = stage else {
            // Nobody asked.
            link.close()
            if self.link === link { self.link = nil }
            return
        }
        touch()
        do throws(HTTPError) {
            while exchange.response == nil {
                guard let lines = try exchange.responseLines.read(&link.pending) else { return }
                guard try take(ResponseHead(lines: lines), of: exchange) else { return }
            }
            try passBody(link, exchange)
        } catch {
            fail(exchange, Denial(.invalidResponse, detail: error.message))
        }
    }

    /// - Returns: whether to go on.
    private func take(_ head: ResponseHead, of exchange: Exchange) throws(HTTPError) -> Bool {
        // No upgrade was asked for, and no proxy is asked for passwords.
        guard head.status != 101, head.status != 407 else {
            fail(exchange, Denial(.invalidResponse, detail: "status \(head.status) without being asked for"))
            return false
        }
        exchange.responseLines = HeadLines(limits: core.limits)
        if head.status < 200 {
            exchange.interimResponses += 1
            guard exchange.interimResponses <= Self.maxInterimResponses else {
                fail(exchange, Denial(.invalidResponse, detail: "too many interim responses"))
                return false
            }
            if exchange.head.minorVersion == 1 { return sendHead(head, of: exchange, framing: "") }
            return true
        }
        let framing = try head.framing(answering: exchange.head.method)
        exchange.response = head
        exchange.responseBody = BodyReader(framing, allowsExtensions: true)
        // The rest of the request would be taken for the next one.
        if !exchange.isRequestDone { exchange.endsConnection = true }
        let isOld = exchange.head.minorVersion == 0
        var text = ""
        switch framing {
        case .none:
            if let length = head.fields.first(where: { $0.canonical == "content-length" }), head.status != 204 {
                text = "Content-Length: \(length.text)\r\n"
            }
        case .length(let count):
            text = "Content-Length: \(count)\r\n"
            exchange.outgoing = .plain
        case .chunked, .untilClose:
            exchange.outgoing = isOld ? .plain : .chunked
            if isOld { exchange.endsConnection = true } else { text = "Transfer-Encoding: chunked\r\n" }
        }
        if exchange.endsConnection { text += "Connection: close\r\n" }
        return sendHead(head, of: exchange, framing: text)
    }

    private func sendHead(_ head: ResponseHead, of exchange: Exchange, framing: String) -> Bool {
        var buffer = ByteBuffer(string: "HTTP/1.1 \(head.status) \(head.reason)\r\n")
        // Alternatives would be reached past the gateway, or rather not at all.
        for field in HTTPFields.endToEnd(head.fields, dropping: { $0 == "alt-svc" }) { buffer.write(field) }
        buffer.writeString(framing)
        buffer.writeString("\r\n")
        guard exchange.flow.countDown(buffer.readableBytes) else {
            cut(.byteLimit)
            return false
        }
        channel.writeAndFlush(buffer, promise: nil)
        return true
    }

    private func passBody(_ link: UpstreamLink, _ exchange: Exchange) throws(HTTPError) {
        var hasWritten = false
        while true {
            switch try exchange.responseBody?.next(&link.pending) ?? .end {
            case .needsMore:
                if hasWritten { channel.flush() }
                return
            case .data(let data):
                guard exchange.flow.countDown(data.readableBytes) else { return cut(.byteLimit) }
                channel.write(data, asChunk: exchange.outgoing == .chunked)
                hasWritten = true
            case .end:
                finish(link, exchange)
                return
            }
        }
    }

    /// The response is complete.
    private func finish(_ link: UpstreamLink, _ exchange: Exchange) {
        if exchange.outgoing == .chunked { channel.write(ByteBuffer(string: "0\r\n\r\n"), promise: nil) }
        channel.flush()
        exchange.flow.close(.allow, .finished)
        let isReusable =
            link.isOpen && exchange.isRequestDone && exchange.response?.keepsAlive == true
            && link.pending.readableBytes == 0 && exchange.responseBody?.endsWithConnection != true
        if !isReusable {
            // Its end may be told while it is closed, and is not that of the next exchange.
            self.link = nil
            link.close()
        } else {
            // To hear of its end.
            link.channel.read()
        }
        if exchange.endsConnection || !exchange.isRequestDone { finishClient() } else { awaitRequest() }
    }

    func readUpstreamIfWanted(_ link: UpstreamLink) {
        guard self.link === link, link.isOpen else { return }
        if channel.isWritable { link.channel.read() }
    }

    // MARK: Failures

    /// A response that cannot be passed on, or not to its end.
    private func fail(_ exchange: Exchange, _ denial: Denial) {
        exchange.flow.close(.deny, denial.reason)
        guard exchange.response == nil else { return shut() }
        link?.close()
        link = nil
        answer(
            Refusal(
                denial, scheme: exchange.request.scheme, target: exchange.request.target, request: exchange.request),
            keepsAlive: false, withoutBody: exchange.head.method == "HEAD")
    }

    func upstreamFailed(_ link: UpstreamLink, _ error: any Error) {
        switch error {
        case let error as NIOSSLError where error == .uncleanShutdown: link.isTruncated = true
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            link.isTruncated = true
            link.ready(.failure(Denial(.untrustedServer, detail: Self.text(error))))
            link.channel.close(promise: nil)
        default: link.isTruncated = true
        }
    }

    private static func text(_ error: any Error) -> String {
        let text = String(describing: error)
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "certificate verify failed" }
        if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
            return "the certificate is for another host"
        }
        return Printable.text(text.utf8.map { $0 == 0x20 ? 0x5F : $0 }, most: 200)
    }

    func upstreamClosed(_ link: UpstreamLink) {
        link.isOpen = false
        link.ready(.failure(Denial(.unreachable, detail: "the host closed the connection")))
        guard self.link === link else { return }
        self.link = nil
        guard case .exchange(let exchange) = stage else { return }
        if exchange.responseBody?.endsWithConnection == true, !link.isTruncated {
            finish(link, exchange)
        } else if exchange.response == nil {
            if exchange.interimResponses == 0, !exchange.responseLines.isStarted, let retry = exchange.retry {
                return retry()
            }
            fail(exchange, Denial(.invalidResponse, detail: "the host closed the connection"))
        } else {
            // The client must see that this is not all.
            exchange.flow.close(.allow, .broken)
            let channel = channel
            stage = .draining
            channel.whenFlushed { channel.close(promise: nil) }
        }
    }
}
