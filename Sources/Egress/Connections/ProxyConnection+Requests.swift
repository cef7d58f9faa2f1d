import FoundationEssentials
import NIOCore
import NIOSSL

/// Requests that the gateway reads: each is decided on its own.
extension ProxyConnection {
    func takeHead(_ lines: HeadLines) -> Bool {
        var lines = lines
        let wasStarted = lines.isStarted
        do throws(HTTPError) {
            guard let complete = try lines.read(&pending) else {
                stage = .head(lines)
                if lines.isStarted, !wasStarted { setTimeout(core.limits.handshakeTimeout) }
                return false
            }
            handle(try RequestHead(lines: complete))
        } catch {
            refuseMalformed(error.message)
        }
        return true
    }

    private func refuseMalformed(_ detail: String, _ reason: EgressReason = .invalidRequest) {
        deny(reason, scheme: inner?.scheme ?? .http, target: inner?.target)
        answer(Refusal(reason: reason, detail: detail), keepsAlive: false)
    }

    private func handle(_ head: RequestHead) {
        if head.method == "CONNECT" { return handleConnect(head) }
        let target: EgressTarget
        let origin: String
        if let inner {
            guard head.target.hasPrefix("/") else { return refuseMalformed("the target of a request here is a path") }
            target = inner.target
            origin = head.target
        } else {
            guard let absolute = HTTPTarget.absolute(head.target) else {
                return refuseMalformed(
                    "a proxy takes http://host/path, or CONNECT for all else; the host must be plain")
            }
            (target, origin) = absolute
        }
        let scheme = inner?.scheme ?? .http
        if let host = head.only("host"),
            HTTPTarget.authority(host.text, defaultPort: scheme == .https ? 443 : 80) != target
        {
            return refuseMalformed("Host is not the host of the request", .hostMismatch)
        }
        // A request's target in the form of an authority could be meant.
        guard !origin.hasPrefix("//") else { return refuseMalformed("the path begins with //") }
        let request = ReadableRequest(
            scheme: scheme, target: target, method: head.method, path: RequestPath.path(ofTarget: origin))
        switch core.rules.decide(request) {
        case .failure(let denial): refuse(denial, head, request)
        case .success(let rule): prepare(PreparedRequest(head: head, request: request, origin: origin, rule: rule))
        }
    }

    private func handleConnect(_ head: RequestHead) {
        guard inner == nil, kind == .http else { return refuseMalformed("CONNECT within a connection", .unsupported) }
        guard head.framing == .none || head.framing == .length(0) else { return refuseMalformed("CONNECT with a body") }
        guard let target = HTTPTarget.authority(head.target, defaultPort: nil) else {
            deny(.invalidHost, scheme: .https, target: nil, host: Printable.text(head.target.utf8, most: 256))
            return answer(Refusal(reason: .invalidHost), keepsAlive: false)
        }
        if let host = head.only("host"), HTTPTarget.authority(host.text, defaultPort: target.port) != target {
            return refuseMalformed("Host is not the host of the request", .hostMismatch)
        }
        open(target, .connect)
    }

    /// Refuses a request that is well understood; the connection can go on when no body follows.
    func refuse(_ denial: Denial, _ head: RequestHead, _ request: ReadableRequest, ruleId: String? = nil) {
        guard !isClosed else { return }
        deny(denial.reason, scheme: request.scheme, target: request.target, request: request, ruleId: ruleId)
        let hasBody = !BodyReader(head.framing, allowsExtensions: false).isDone
        answer(
            Refusal(denial, scheme: request.scheme, target: request.target, request: request),
            keepsAlive: head.keepsAlive && !hasBody, withoutBody: head.method == "HEAD")
    }

    // MARK: What an allowed request needs

    struct PreparedRequest {
        var head: RequestHead
        var request: ReadableRequest
        /// Path and query.
        var origin: String
        var rule: EgressRule

        /// Whether sending it twice does no harm.
        var isIdempotent: Bool {
            ["GET", "HEAD", "OPTIONS"].contains(head.method) && BodyReader(head.framing, allowsExtensions: false).isDone
        }
    }

    private func prepare(_ prepared: PreparedRequest) {
        let rule = prepared.rule
        guard !core.usage(of: rule).isExhausted(rule.maximumBytes) else {
            return refuse(Denial(.byteLimit), prepared.head, prepared.request, ruleId: rule.id)
        }
        guard let credential = rule.credential else { return reach(prepared, credential: nil) }
        stage = .busy
        setTimeout(core.limits.busyTimeout)
        let secrets = core.secrets
        loop.makeFutureWithTask { try await secrets.secret(named: credential.secret) }
            .limited(to: core.limits.resolveTimeout, on: loop)
            .assumeIsolated().whenComplete { [self] result in
                guard case .busy = stage else { return }
                guard case .success(let secret) = result, let field = credential.field(secret) else {
                    return refuse(Denial(.secretUnavailable), prepared.head, prepared.request, ruleId: rule.id)
                }
                reach(prepared, credential: field)
            }
    }

    private func reach(_ prepared: PreparedRequest, credential: HTTPField?, anew: Bool = false) {
        let rule = prepared.rule
        if !anew, let link, link.isOpen, link.target == prepared.request.target, link.rule == rule {
            return send(prepared, credential, on: link)
        }
        link?.close()
        link = nil
        let usage = core.usage(of: rule)
        guard usage.acquire(limit: rule.maximumConnections) else {
            return refuse(Denial(.connectionLimit), prepared.head, prepared.request, ruleId: rule.id)
        }
        stage = .busy
        setTimeout(core.limits.busyTimeout)
        UpstreamConnector(
            core: core, rule: rule, target: prepared.request.target, halfCloses: false, loop: loop
        ).connect().assumeIsolated().whenComplete { [self] result in
            switch result {
            case .failure(let error):
                usage.release()
                refuse(
                    error as? Denial ?? Denial(.unreachable), prepared.head, prepared.request, ruleId: rule.id)
            case .success(let connected):
                connected.channel.closeFuture.whenComplete { _ in usage.release() }
                secure(connected, prepared, credential)
            }
        }
    }

    /// Speaks TLS to the host where the request is for that.
    private func secure(
        _ connected: UpstreamConnector.Connected, _ prepared: PreparedRequest, _ credential: HTTPField?
    ) {
        guard case .busy = stage else { return connected.channel.close(promise: nil) }
        let link = UpstreamLink(
            channel: connected.channel, target: prepared.request.target, rule: prepared.rule, address: connected.address
        )
        self.link = link
        guard prepared.request.scheme == .https else {
            return attach(link, tls: nil, prepared, credential)
        }
        let (core, rule) = (core, prepared.rule)
        loop.makeFutureWithTask { try core.upstreamContext(rule) }.assumeIsolated().whenComplete { [self] result in
            guard case .busy = stage else { return link.close() }
            do {
                let name: String? = if case .name(let name) = link.target.host { name } else { nil }
                let handler = try NIOSSLClientHandler(context: result.get(), serverHostname: name)
                attach(link, tls: handler, prepared, credential)
            } catch {
                link.close()
                refuse(
                    Denial(.untrustedServer, detail: "the rule's certificate authorities cannot be read"),
                    prepared.head, prepared.request, ruleId: rule.id)
            }
        }
    }

    private func attach(
        _ link: UpstreamLink, tls: NIOSSLClientHandler?, _ prepared: PreparedRequest, _ credential: HTTPField?
    ) {
        link.whenReady = { [self] result in
            guard case .busy = stage else { return link.close() }
            switch result {
            case .failure(let denial):
                link.close()
                refuse(denial, prepared.head, prepared.request, ruleId: prepared.rule.id)
            case .success: send(prepared, credential, on: link)
            }
        }
        do {
            if let tls { try link.channel.pipeline.syncOperations.addHandler(tls) }
            try link.channel.pipeline.syncOperations.addHandler(SideHandler(UpstreamSide(self, link)))
        } catch {
            return link.ready(.failure(Denial(.unreachable)))
        }
        if tls == nil { link.ready(.success(())) } else { link.channel.read() }
    }

    // MARK: Sending

    private func send(_ prepared: PreparedRequest, _ credential: HTTPField?, on link: UpstreamLink) {
        let (rule, request) = (prepared.rule, prepared.request)
        // Names and secrets take their time; the rules may have changed.
        guard core.rules.stillAllows(ruleId: rule.id, target: request.target, request: request, like: rule) else {
            link.close()
            return refuse(Denial(.ruleWithdrawn), prepared.head, request, ruleId: rule.id)
        }
        let head = Self.upstreamHead(prepared, credential)
        let flow = Flow(core: core, rule: rule, target: request.target, request: request, address: link.address)
        guard flow.countUp(head.readableBytes) else {
            return refuse(Denial(.byteLimit), prepared.head, request, ruleId: rule.id)
        }
        flow.open()
        let exchange = Exchange(
            head: prepared.head, request: request, flow: flow, limits: core.limits)
        if link.isUsed && prepared.isIdempotent {
            exchange.retry = { [self] in
                flow.close(.allow, .broken)
                reach(prepared, credential: credential, anew: true)
            }
        }
        link.isUsed = true
        stage = .exchange(exchange)
        setTimeout(core.limits.idleTimeout)
        link.channel.writeAndFlush(head, promise: nil)
        link.channel.read()
        process()
    }

    private static func upstreamHead(_ prepared: PreparedRequest, _ credential: HTTPField?) -> ByteBuffer {
        let (head, target) = (prepared.head, prepared.request.target)
        let usualPort = prepared.request.scheme == .https ? 443 : 80
        let authority = target.port == usualPort ? "\(target.host)" : "\(target.host):\(target.port)"
        var buffer = ByteBuffer(string: "\(head.method) \(prepared.origin) HTTP/1.1\r\nHost: \(authority)\r\n")
        let hasBody = !BodyReader(head.framing, allowsExtensions: false).isDone
        let fields = HTTPFields.endToEnd(head.fields) { name in
            HTTPSyntax.isOverridingField(name) || name == credential?.canonical || name == "expect"
        }
        for field in fields { buffer.write(field) }
        if let expect = head.only("expect"), HTTPFields.isEqual(expect.value, "100-continue"), hasBody,
            head.minorVersion == 1
        {
            buffer.writeString("Expect: 100-continue\r\n")
        }
        if let credential { buffer.write(credential) }
        switch head.framing {
        case .length(let count): buffer.writeString("Content-Length: \(count)\r\n")
        case .chunked: buffer.writeString("Transfer-Encoding: chunked\r\n")
        case .none, .untilClose: break
        }
        buffer.writeString("\r\n")
        return buffer
    }

    /// Passes on what there is of the request's body.
    func takeBody(_ exchange: Exchange) -> Bool {
        guard !exchange.isRequestDone, let link else { return false }
        var hasWritten = false
        defer { if hasWritten { link.channel.flush() } }
        while link.channel.isWritable {
            do throws(HTTPError) {
                switch try exchange.body.next(&pending) {
                case .needsMore: return false
                case .end:
                    exchange.isRequestDone = true
                    if exchange.head.framing == .chunked {
                        link.channel.write(ByteBuffer(string: "0\r\n\r\n"), promise: nil)
                        hasWritten = true
                    }
                    return false
                case .data(let data):
                    guard exchange.flow.countUp(data.readableBytes) else {
                        cut(.byteLimit)
                        return false
                    }
                    link.channel.write(data, asChunk: exchange.head.framing == .chunked)
                    hasWritten = true
                    if exchange.body.isDone { continue }
                }
            } catch {
                cut(.invalidRequest)
                return false
            }
        }
        return false
    }
}

extension CredentialReference {
    /// The field that carries a secret; nil when the secret is no field value.
    func field(_ secret: EgressSecret) -> HTTPField? {
        let value =
            switch placement {
            case .header: Array(secret.reveal().utf8)
            case .bearer: Array("Bearer \(secret.reveal())".utf8)
            case .basic(let user): Array("Basic \(Data("\(user):\(secret.reveal())".utf8).base64EncodedString())".utf8)
            }
        guard !secret.reveal().isEmpty, HTTPSyntax.isFieldValue(value) else { return nil }
        return HTTPField(name: headerName, canonical: HTTPSyntax.canonicalName(headerName), value: value)
    }
}

extension ByteBuffer {
    mutating func write(_ field: HTTPField) {
        writeString(field.name)
        writeString(": ")
        writeBytes(field.value)
        writeString("\r\n")
    }
}

extension Channel {
    /// Writes body bytes, with the framing of a chunk (RFC 9112 section 7.1) where the body has that.
    func write(_ data: ByteBuffer, asChunk: Bool) {
        guard asChunk else { return write(data, promise: nil) }
        write(ByteBuffer(string: String(data.readableBytes, radix: 16) + "\r\n"), promise: nil)
        write(data, promise: nil)
        write(ByteBuffer(string: "\r\n"), promise: nil)
    }
}
