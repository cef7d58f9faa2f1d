import JSON
import Secrets
import Synchronization

/// Writes down what a session asks of models and what they answer, line by line, for ``TrafficPlayer``.
///
/// `Protocol/recording.md` describes the lines. Requests are written as what is new in them since the one before in the
/// same ``TrafficLane``; secrets are removed before anything leaves this class.
public final class TrafficRecorder: Sendable {
    private struct Lane {
        var system: String?
        var tools: [ToolDefinition]?
        var messages: [ModelMessage] = []
    }

    private struct State {
        var lanes: [TrafficLane: Lane] = [:]
        var calls = 0
        var bytes: Int
        var isStopped = false
    }

    private let names: TrafficNames
    private let sink: @Sendable ([UInt8]) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - header: nil for a recording that was begun by a former service.
    ///   - bytes: length of what there is of the recording.
    ///   - redactor: removes what must not be written.
    ///   - sink: takes one line after the other, with their line ends; it must not block.
    public init(
        header: TrafficHeader?, bytes: Int = 0, workspacePath: String?, session: String,
        redactor: Redactor, sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        names = TrafficNames(workspacePath: workspacePath, session: session, redactor: redactor)
        self.sink = sink
        state = Mutex(State(bytes: bytes))
        state.withLock { write(header?.json(names) ?? ["type": "resumed"], &$0) }
    }

    /// What the user said, before the request that carries it.
    public func prompted(_ prompt: RecordedPrompt) {
        let line = prompt.json(names)
        state.withLock { write(line, &$0) }
    }

    /// The user ended the running turn.
    public func cancelled() { state.withLock { write(["type": "cancel"], &$0) } }

    /// Passes the answer to a request on, and records both.
    /// - Parameter choice: what a program calls the model that it wants.
    public func recording(
        _ answer: AsyncThrowingStream<ModelEvent, any Error>, to request: ModelRequest, as role: ModelRole,
        isProgram: Bool, choice: String?
    ) -> AsyncThrowingStream<ModelEvent, any Error> {
        let call = begin(request, role, isProgram, choice)
        return AsyncThrowingStream { continuation in
            let task = Task {
                var log = TrafficAnswer()
                do {
                    for try await event in answer {
                        log.add(event)
                        // Who asked may stop listening once it has the answer.
                        if case .completed(let response) = event { self.end(call, log, response) }
                        continuation.yield(event)
                    }
                    try Task.checkCancellation()
                    if !log.isComplete { throw ModelError.streamCut("the stream ended without an answer") }
                    continuation.finish()
                } catch {
                    if !log.isComplete {
                        log.fail(error)
                        self.end(call, log, nil)
                    }
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    // MARK: Lines

    private struct Call {
        var number: Int
        var lane: TrafficLane
        var messages: [ModelMessage]
    }

    private func begin(_ request: ModelRequest, _ role: ModelRole, _ isProgram: Bool, _ choice: String?) -> Call {
        let lane = TrafficLane(role, isProgram: isProgram)
        return state.withLock { state in
            var former = state.lanes[lane] ?? Lane()
            state.calls += 1
            let kept = zip(former.messages, request.messages).prefix { $0 == $1 }.count
            var line: JSON = [
                "type": "request", "call": .number(JSONNumber(state.calls)), "role": .string(role.rawValue),
            ]
            if isProgram { line["program"] = true }
            line["choice"] = choice.map(JSON.string)
            if former.system != request.system { line["system"] = .string(names.record(request.system)) }
            if former.tools != request.tools { line["tools"] = .array(request.tools.map { names.record($0.json) }) }
            line["maximumOutputTokens"] = request.maximumOutputTokens.map { .number(JSONNumber($0)) }
            line["keep"] = .number(JSONNumber(kept))
            line["messages"] = .array(request.messages[kept...].map { names.record($0).json })
            write(line, &state)
            former.system = request.system
            former.tools = request.tools
            former.messages = request.messages
            state.lanes[lane] = former
            return Call(number: state.calls, lane: lane, messages: request.messages)
        }
    }

    private func end(_ call: Call, _ answer: TrafficAnswer, _ response: ModelResponse?) {
        let line: JSON = [
            "type": "answer", "call": .number(JSONNumber(call.number)), "events": .array(answer.json(names)),
        ]
        state.withLock { state in
            write(line, &state)
            guard let response, !response.content.isEmpty else { return }
            // What the next request of the lane most likely begins with.
            state.lanes[call.lane]?.messages = call.messages + [.assistant(response.content)]
        }
    }

    private func write(_ line: JSON, _ state: inout State) {
        guard !state.isStopped else { return }
        var bytes = line.serialized()
        bytes.append(UInt8(ascii: "\n"))
        if state.bytes + bytes.count > TrafficLimits.maximumBytes - Self.reserve {
            state.isStopped = true
            bytes = Self.stopped("a recording holds at most \(TrafficLimits.maximumBytes >> 20) MiB")
        }
        state.bytes += bytes.count
        sink(bytes)
    }

    /// Room for the last line.
    private static let reserve = 1024

    private static func stopped(_ reason: String) -> [UInt8] {
        (["type": "stopped", "reason": .string(reason)] as JSON).serialized() + [UInt8(ascii: "\n")]
    }
}

extension ToolDefinition {
    var json: JSON {
        ["name": .string(name), "description": .string(description), "parameters": parameters]
    }

    init(json: JSON) throws(ConversationFormatError) {
        guard let name = json["name"]?.stringValue, let description = json["description"]?.stringValue,
            let parameters = json["parameters"]
        else { throw ConversationFormatError(description: "a tool lacks 'name', 'description' or 'parameters'") }
        self.init(name: name, description: description, parameters: parameters)
    }
}
