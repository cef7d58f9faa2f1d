/// Plays a recorded conversation, and fails loudly when the conversation that it is put into is another one.
///
/// It keeps no state: the number of answers in the request tells the turn, and every turn up to it is compared. So any
/// number of sessions can play one recording, and a turn that is asked for again is answered again.
public struct ReplayProvider: ModelProvider {
    private let recording: Recording
    private let deltaDelay: Duration
    /// Small, so that consumers meet deltas that cut words, as with real models.
    private static let deltaCharacters = 12

    /// - Parameter deltaDelay: pause before each delta, for demonstrations.
    public init(_ recording: Recording, deltaDelay: Duration = .zero) {
        self.recording = recording
        self.deltaDelay = deltaDelay
    }

    public var identifier: String { "replay/\(recording.name)" }

    public func shutdown() async {}

    public func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let response = try answer(to: request)
                    for event in Self.events(of: response) {
                        if deltaDelay > .zero { try await Task.sleep(for: deltaDelay) }
                        try Task.checkCancellation()
                        continuation.yield(event)
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// The recorded answer to the newest turn of `request`, in terms of its workspace.
    func answer(to request: ModelRequest) throws(ModelError) -> ModelResponse {
        let placeholder = WorkspacePlaceholder(path: request.workspacePath)
        var newMessages: [ModelMessage] = []
        var turn = 0
        for message in request.messages {
            if message.role == .user {
                newMessages.append(message)
                continue
            }
            let answer = try self.turn(turn, follows: newMessages, placeholder)
            try check(message.content, echoes: answer.content, turn: turn)
            newMessages = []
            turn += 1
        }
        let response = try self.turn(turn, follows: newMessages, placeholder)
        let offered = Set(request.tools.map(\.name))
        for call in response.toolCalls where !offered.contains(call.name) {
            throw .replayDiverged(
                turn: turn + 1, place: "the tools on offer", expected: "the tool \(call.name) among them",
                actual: Mismatch.capped(request.tools.map(\.name).joined(separator: ", ")))
        }
        return response
    }

    /// The answer of turn `index` (from 0), after a check that `messages` are those that the recording has before it.
    private func turn(
        _ index: Int, follows messages: [ModelMessage], _ placeholder: WorkspacePlaceholder
    ) throws(ModelError) -> ModelResponse {
        guard recording.turns.indices.contains(index) else { throw .replayExhausted(turns: recording.turns.count) }
        let turn = recording.turns[index]
        guard turn.newMessages.count == messages.count else {
            throw .replayDiverged(
                turn: index + 1, place: "the new messages", expected: "\(turn.newMessages.count) messages",
                actual: "\(messages.count): " + messages.map(Self.describe).joined(separator: "; "))
        }
        for (number, (matcher, message)) in zip(turn.newMessages, messages).enumerated() {
            let place = "new message \(number + 1)"
            guard matcher.role == message.role, matcher.blocks.count == message.content.count else {
                throw .replayDiverged(
                    turn: index + 1, place: place,
                    expected: "a message of the \(matcher.role.rawValue) with \(matcher.blocks.count) blocks",
                    actual: Self.describe(message))
            }
            for (position, (expected, block)) in zip(matcher.blocks, message.content).enumerated() {
                if let mismatch = expected.mismatch(block, placeholder) {
                    throw .replayDiverged(
                        turn: index + 1, place: "\(place), block \(position + 1)", expected: mismatch.expected,
                        actual: mismatch.actual)
                }
            }
        }
        var response = turn.response
        response.content = response.content.map(placeholder.resolve)
        return response
    }

    private func check(
        _ content: [ContentBlock], echoes answer: [ContentBlock], turn: Int
    ) throws(ModelError) {
        guard content != answer else { return }
        let position = zip(content, answer).prefix { $0 == $1 }.count
        func description(_ blocks: [ContentBlock]) -> String {
            blocks.indices.contains(position) ? Mismatch.describe(blocks[position]) : "no such block"
        }
        throw .replayDiverged(
            turn: turn + 1, place: "block \(position + 1) of the model's own answer, which must come back unchanged",
            expected: description(answer), actual: description(content))
    }

    private static func describe(_ message: ModelMessage) -> String {
        let blocks = message.content.map(Mismatch.describe).joined(separator: ", ")
        return Mismatch.capped("\(message.role.rawValue): \(blocks)")
    }

    private static func events(of response: ModelResponse) -> [ModelEvent] {
        var events: [ModelEvent] = []
        for block in response.content {
            switch block {
            case .text(let text): events += pieces(text).map(ModelEvent.textDelta)
            case .reasoning(let reasoning): events += pieces(reasoning.text).map(ModelEvent.reasoningDelta)
            case .toolCall(let call): events.append(.toolCall(call))
            case .toolResult, .image: break
            }
        }
        return events + [.completed(response)]
    }

    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(deltaCharacters)))
            rest = rest.dropFirst(deltaCharacters)
        }
        return pieces
    }
}
