import JSON
import JSONRPC
import TestSupport

/// An editor without a window: raw JSON-RPC over the in-memory transport, everything it is sent kept in order.
actor MockEditor {
    /// How a request of the server is answered.
    enum Answer: Sendable {
        case result(JSON)
        case error(ResponseError)
        /// Not at all, until `reply`.
        case hold
    }

    struct Received: Sendable {
        var method: String
        var params: JSON
        /// Set for a request.
        var id: JSON?
    }

    struct Gone: Error {}

    let transport: InMemoryTransport
    private var inbox: [Received] = []
    private var waiters: [(method: String, continuation: CheckedContinuation<Received, any Error>)] = []
    private var calls: [Int: CheckedContinuation<JSON, any Error>] = [:]
    private var answers: [String: Answer] = [:]
    private var lastID = 0
    private var hasEnded = false

    init(_ transport: InMemoryTransport) { self.transport = transport }

    /// Takes what the server sends until it closes.
    func run() async {
        for await event in transport.inbound {
            guard case .message(let bytes) = event, let message = try? JSON(parsing: bytes) else { continue }
            await take(message)
        }
        hasEnded = true
        for waiter in waiters { waiter.continuation.resume(throwing: Gone()) }
        for call in calls.values { call.resume(throwing: Gone()) }
        (waiters, calls) = ([], [:])
    }

    private func take(_ message: JSON) async {
        guard let method = message["method"]?.stringValue else {
            guard let id = message["id"]?.intValue, let call = calls.removeValue(forKey: id) else { return }
            if let error = message["error"] {
                call.resume(
                    throwing: ResponseError(
                        code: ErrorCode(error["code"]?.intValue ?? 0), message: error["message"]?.stringValue ?? ""))
            } else {
                call.resume(returning: message["result"] ?? .null)
            }
            return
        }
        let received = Received(method: method, params: message["params"] ?? .null, id: message["id"])
        if let index = waiters.firstIndex(where: { $0.method == method }) {
            waiters.remove(at: index).continuation.resume(returning: received)
        } else {
            inbox.append(received)
        }
        if let id = message["id"] {
            let unknown = ResponseError(code: .methodNotFound, message: "no such method")
            await reply(id, answers[method] ?? .error(unknown))
        }
    }

    func reply(_ id: JSON, _ answer: Answer) async {
        switch answer {
        case .result(let result): await send(["jsonrpc": "2.0", "id": id, "result": result])
        case .error(let error):
            let member: JSON = ["code": .number(JSONNumber(error.code.rawValue)), "message": .string(error.message)]
            await send(["jsonrpc": "2.0", "id": id, "error": member])
        case .hold: break
        }
    }

    func answer(_ method: String, _ answer: Answer) { answers[method] = answer }

    func send(_ message: JSON) async { try? await transport.send(message.serialized()) }

    func notify(_ method: String, _ params: JSON) async {
        await send(["jsonrpc": "2.0", "method": .string(method), "params": params])
    }

    @discardableResult
    func request(_ method: String, _ params: JSON = [:]) async throws -> JSON {
        lastID += 1
        let id = lastID
        let message: JSON = [
            "jsonrpc": "2.0", "id": .number(JSONNumber(id)), "method": .string(method), "params": params,
        ]
        return try await withCheckedThrowingContinuation { continuation in
            guard !hasEnded else {
                continuation.resume(throwing: Gone())
                return
            }
            calls[id] = continuation
            Task { await send(message) }
        }
    }

    /// The next message of a method that was not taken yet; waits for it.
    @discardableResult
    func next(_ method: String) async throws -> Received {
        if let index = inbox.firstIndex(where: { $0.method == method }) { return inbox.remove(at: index) }
        return try await withCheckedThrowingContinuation { continuation in
            guard !hasEnded else {
                continuation.resume(throwing: Gone())
                return
            }
            waiters.append((method, continuation))
        }
    }

    /// What has come of a method and was not taken yet, once everything sent before is dealt with.
    func pending(_ method: String) async throws -> [JSON] {
        // Answered in turn, so that what was on its way is here.
        _ = try? await request("textDocument/codeAction", Wire.codeAction("file:///none", line: 0))
        return inbox.filter { $0.method == method }.map(\.params)
    }

    func command(_ name: String, _ argument: JSON? = nil) async throws -> JSON {
        var params: JSON = ["command": .string(name)]
        if let argument { params["arguments"] = [argument] }
        return try await request("workspace/executeCommand", params)
    }

    func actions(_ uri: String, line: Int = 0, diagnostics: [JSON] = []) async throws -> [JSON] {
        let params = Wire.codeAction(uri, line: line, diagnostics: diagnostics)
        return try await request("textDocument/codeAction", params).arrayValue ?? []
    }

    func open(_ uri: String, _ text: String, version: Int = 1) async {
        await notify(
            "textDocument/didOpen",
            [
                "textDocument": [
                    "uri": .string(uri), "languageId": "c", "version": .number(JSONNumber(version)),
                    "text": .string(text),
                ]
            ])
    }

    func change(_ uri: String, version: Int, _ changes: [JSON]) async {
        await notify(
            "textDocument/didChange",
            [
                "textDocument": ["uri": .string(uri), "version": .number(JSONNumber(version))],
                "contentChanges": .array(changes),
            ])
    }
}

/// Shapes of messages.
enum Wire {
    static func position(_ line: Int, _ character: Int) -> JSON {
        ["line": .number(JSONNumber(line)), "character": .number(JSONNumber(character))]
    }

    static func range(_ startLine: Int, _ start: Int, _ endLine: Int, _ end: Int) -> JSON {
        ["start": position(startLine, start), "end": position(endLine, end)]
    }

    static func codeAction(_ uri: String, line: Int, diagnostics: [JSON] = []) -> JSON {
        [
            "textDocument": ["uri": .string(uri)], "range": range(line, 0, line, 0),
            "context": ["diagnostics": .array(diagnostics)],
        ]
    }
}
