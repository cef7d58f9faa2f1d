import JSON

/// The events of one answer as they come, with their times.
struct TrafficAnswer: Sendable {
    private let start = ContinuousClock.now
    private var events: [(at: Int, event: ModelEvent)] = []
    private var failure: (at: Int, error: any Error)?

    /// Whether the last event is the whole answer.
    var isComplete: Bool {
        if case .completed? = events.last?.event { true } else { false }
    }

    mutating func add(_ event: ModelEvent) { events.append((now, event)) }
    mutating func fail(_ error: any Error) { failure = (now, error) }

    private var now: Int { (ContinuousClock.now - start).milliseconds }

    /// The events as a recording holds them. The deltas of one text are looked through together: a secret may be cut
    /// by the bounds between them.
    func json(_ names: TrafficNames) -> [JSON] {
        var result: [JSON] = []
        var run: [(at: Int, text: String)] = []
        var isReasoning = false
        func flush() {
            let pieces = names.record(pieces: run.map(\.text))
            for (position, piece) in pieces.enumerated() {
                let event: ModelEvent = isReasoning ? .reasoningDelta(piece) : .textDelta(piece)
                result.append(Self.at(run[min(position, run.count - 1)].at, event.json))
            }
            run = []
        }
        for (at, event) in events {
            switch event {
            case .textDelta(let text):
                if isReasoning { flush() }
                isReasoning = false
                run.append((at, text))
            case .reasoningDelta(let text):
                if !isReasoning { flush() }
                isReasoning = true
                run.append((at, text))
            default:
                flush()
                result.append(Self.at(at, Self.recorded(event, names).json))
            }
        }
        flush()
        if let failure { result.append(Self.at(failure.at, Self.json(failure.error, names))) }
        return result
    }

    private static func at(_ time: Int, _ json: JSON) -> JSON {
        var object: JSON = ["at": .number(JSONNumber(time))]
        for (key, value) in json.objectValue ?? JSONObject() { object[key] = value }
        return object
    }

    private static func json(_ error: any Error, _ names: TrafficNames) -> JSON {
        if error is CancellationError { return ["cancelled": true] }
        let error = error as? ModelError ?? .streamCut("\(error)")
        return ["failed": names.record(error).json]
    }

    private static func recorded(_ event: ModelEvent, _ names: TrafficNames) -> ModelEvent {
        switch event {
        case .textDelta, .reasoningDelta:
            return event
        case .toolCall(let call):
            guard case .toolCall(let recorded) = names.record(ContentBlock.toolCall(call)) else { return event }
            return .toolCall(recorded)
        case .retrying(let reason, let delay):
            return .retrying(reason: names.record(reason), delay: delay)
        case .switched(var change):
            change.reason = names.record(change.reason)
            return .switched(change)
        case .completed(var response):
            response.content = response.content.map(names.record)
            return .completed(response)
        }
    }
}
