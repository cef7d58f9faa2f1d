import FoundationEssentials
import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// One connection of a program: its requests one after the other, each answered before the next is looked at.
struct GatewayConnection {
    typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

    let channel: Channel
    let routes: GatewayRoutes
    let limits: ModelGatewayLimits
    let answers: AnswerStream
    let admission: Admission

    /// The answer under way, for the end of the connection to cancel.
    private final class Current: Sendable {
        private let task = Mutex<Task<Bool, any Error>?>(nil)

        func set(_ newer: Task<Bool, any Error>?) { task.withLock { $0 = newer } }

        func cancel() { task.withLock { $0 }?.cancel() }
    }

    /// Throws when the program is gone.
    func run() async throws {
        let current = Current()
        channel.channel.closeFuture.whenComplete { _ in current.cancel() }
        try await withTaskCancellationHandler {
            try await channel.executeThenClose { inbound, outbound in
                try await serve(inbound, outbound, current)
            }
        } onCancel: {
            current.cancel()
        }
    }

    private func serve(
        _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>, _ outbound: Writer, _ current: Current
    ) async throws {
        var call = GatewayCall(method: "", uri: "", headers: [:], body: [])
        var keepsAlive = true
        var deadline = closing()
        defer { deadline.cancel() }
        for try await part in inbound {
            switch part {
            case .head(let head):
                call = GatewayCall(method: head.method.rawValue, uri: head.uri, headers: [:], body: [])
                for (name, value) in head.headers where call.headers[name.lowercased()] == nil {
                    call.headers[name.lowercased()] = value
                }
                keepsAlive = head.isKeepAlive
            case .body(let bytes):
                guard call.body.count + bytes.readableBytes <= limits.maximumBodyBytes else {
                    let failure = GatewayFailure(
                        .tooLarge, "the request is longer than \(limits.maximumBodyBytes) bytes")
                    try await send(failure, GatewayRoutes.face(call), Self.newId(), outbound, keepsAlive: false)
                    return
                }
                call.body += bytes.readableBytesView
            case .end:
                deadline.cancel()
                let asked = call
                let goesOn = keepsAlive
                let task = Task { try await answer(asked, outbound, keepsAlive: goesOn) }
                current.set(task)
                // It may have closed before it was known.
                if !channel.channel.isActive { task.cancel() }
                let isOpen = try await withTaskCancellationHandler {
                    try await task.value
                } onCancel: {
                    task.cancel()
                }
                current.set(nil)
                call.body = []
                guard isOpen else { return }
                deadline = closing()
            }
        }
    }

    /// Closes the connection when no request arrives in time.
    private func closing() -> Scheduled<Void> {
        let channel = channel.channel
        return channel.eventLoop.scheduleTask(in: .seconds(Int64(limits.requestSeconds))) {
            channel.close(promise: nil)
        }
    }

    private static func newId() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
    }

    // MARK: Answers

    /// - Returns: whether the connection takes another request.
    private func answer(_ call: GatewayCall, _ outbound: Writer, keepsAlive: Bool) async throws -> Bool {
        let id = Self.newId()
        let face = GatewayRoutes.face(call)
        do {
            switch try routes.reply(to: call, requestId: id, names: await answers.models.names) {
            case .whole(let status, let json, let headers):
                try await send(status, json, headers, id, outbound, keepsAlive: keepsAlive)
            case .stream(let answer, let headers):
                try admission.enter()
                defer { admission.leave() }
                try await answers.admit(answer)
                try await send(answer, headers, id, outbound, keepsAlive: keepsAlive)
            }
            return keepsAlive
        } catch let failure as GatewayFailure {
            try await send(failure, face, id, outbound, keepsAlive: keepsAlive)
            return keepsAlive
        }
    }

    private func send(
        _ answer: GatewayAnswer, _ headers: [(String, String)], _ id: String, _ outbound: Writer, keepsAlive: Bool
    ) async throws {
        let writer = answer.face.writer(answer.request, id: id, created: Int(Date().timeIntervalSince1970))
        guard answer.request.isStreamed else {
            do {
                let response = try await answers.response(answer)
                try await send(200, writer.whole(response), headers, id, outbound, keepsAlive: keepsAlive)
            } catch {
                try Task.checkCancellation()
                throw GatewayFailure(error)
            }
            return
        }
        var head = self.head(200, headers, id, keepsAlive: keepsAlive)
        head.headers.add(name: "content-type", value: "text/event-stream; charset=utf-8")
        head.headers.add(name: "cache-control", value: "no-cache")
        try await outbound.write(.head(head))
        let lastWord = Mutex(ContinuousClock.now)
        let pause = Duration.seconds(limits.keepAliveSeconds)
        let keepAlive = writer.keepAlive
        let pulse = Task {
            while true {
                try await Task.sleep(for: pause)
                guard ContinuousClock.now - lastWord.withLock({ $0 }) >= pause else { continue }
                try await outbound.write(.body(.byteBuffer(ByteBuffer(string: keepAlive))))
            }
        }
        defer { pulse.cancel() }
        try await answers.stream(answer, writer: writer) { text in
            do {
                try await outbound.write(.body(.byteBuffer(ByteBuffer(string: text))))
            } catch {
                throw SendError()
            }
            lastWord.withLock { $0 = .now }
        }
        pulse.cancel()
        _ = try? await pulse.value
        try await outbound.write(.end(nil))
    }

    private func send(
        _ failure: GatewayFailure, _ face: GatewayFace, _ id: String, _ outbound: Writer, keepsAlive: Bool
    ) async throws {
        var headers: [(String, String)] = []
        if failure.isFinal { headers.append(("x-should-retry", "false")) }
        if let seconds = failure.retryAfter { headers.append(("retry-after", "\(seconds)")) }
        try await send(
            failure.status(face), failure.json(face, requestId: "req_\(id)"), headers, id, outbound,
            keepsAlive: keepsAlive)
    }

    private func send(
        _ status: Int, _ json: JSON, _ headers: [(String, String)], _ id: String, _ outbound: Writer, keepsAlive: Bool
    ) async throws {
        let body = json.serialized()
        var head = self.head(status, headers, id, keepsAlive: keepsAlive)
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: "\(body.count)")
        try await outbound.write(.head(head))
        try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
        try await outbound.write(.end(nil))
    }

    private func head(
        _ status: Int, _ headers: [(String, String)], _ id: String, keepsAlive: Bool
    ) -> HTTPResponseHead {
        var head = HTTPResponseHead(
            version: .http1_1,
            status: status == 529
                ? .custom(code: 529, reasonPhrase: "Overloaded") : HTTPResponseStatus(statusCode: status))
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        head.headers.add(name: "request-id", value: "req_\(id)")
        head.headers.add(name: "x-request-id", value: "req_\(id)")
        if !keepsAlive { head.headers.add(name: "connection", value: "close") }
        return head
    }
}
