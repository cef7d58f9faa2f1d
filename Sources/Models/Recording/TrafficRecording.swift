import JSON

/// A recording of a session's model traffic, read and checked.
public struct TrafficRecording: Sendable {
    /// A request and what came of it, as recorded: with names in the place of paths.
    struct Call: Sendable {
        enum End: Sendable, Equatable {
            /// Its last event is the answer.
            case completed
            case failed(ModelError)
            /// Who asked went away, or the service did.
            case cancelled
        }

        /// Counted from 1 within its lane.
        var number: Int
        var lane: TrafficLane
        var role: ModelRole
        var choice: String?
        var system: String
        var tools: [ToolDefinition]
        var maximumOutputTokens: Int?
        var messages: [ModelMessage]
        var events: [(at: Duration, event: ModelEvent)] = []
        /// Nil: the recording does not say.
        var end: End?
        /// When it ended.
        var endedAt = Duration.zero
    }

    /// What a session was told and what it asked, in order.
    enum Item: Sendable {
        case prompt(RecordedPrompt)
        case cancel
        /// Position in ``calls``.
        case call(Int)
    }

    public let header: TrafficHeader
    private(set) var calls: [Call] = []
    private(set) var items: [Item] = []
    /// Why it ends before the session did; nil when it does not say so.
    public private(set) var stopped: String?

    /// Reads the file at `path`.
    /// - Throws: ``ModelError/notConfigured(_:)`` when it cannot be read or is not a recording, with the line.
    public init(reading path: String) throws {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try SmallFile.read(path, maximumBytes: TrafficLimits.maximumBytes)
        } catch {
            throw ModelError.notConfigured("The recording \(path) cannot be read: \(error.reason).")
        }
        do throws(ConversationFormatError) {
            try self.init(parsing: bytes)
        } catch {
            throw ModelError.notConfigured("The recording \(path) is not valid: \(error).")
        }
    }

    /// Whether a text begins as a recording does.
    public static func isRecording(_ bytes: some Collection<UInt8>) -> Bool {
        guard let json = try? JSON(parsing: bytes.prefix { $0 != UInt8(ascii: "\n") }) else { return false }
        return json["type"]?.stringValue == "recording"
    }

    /// - Throws: ``ConversationFormatError`` naming the line that is wrong.
    public init(parsing bytes: [UInt8]) throws(ConversationFormatError) {
        guard bytes.count <= TrafficLimits.maximumBytes else {
            throw ConversationFormatError(
                description: "it is larger than \(TrafficLimits.maximumBytes >> 20) MiB")
        }
        var reader = TrafficReader()
        var header: TrafficHeader?
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if line.isEmpty { continue }
            do {
                guard number <= TrafficLimits.maximumLines else {
                    throw ConversationFormatError(description: "more lines than a recording has")
                }
                let json = try JSON(parsing: line)
                if header == nil {
                    header = try TrafficHeader(json: json)
                } else {
                    try reader.read(json)
                }
            } catch {
                throw ConversationFormatError(description: "line \(number): \(error)")
            }
        }
        guard let header else { throw ConversationFormatError(description: "it is empty") }
        self.header = header
        reader.finish()
        calls = reader.calls
        items = reader.items
        stopped = reader.stopped
    }

    /// Prompts that follow the one that the session began with, as many turns as they begin.
    public var furtherTurns: Int {
        items.count { item in
            if case .prompt(let prompt) = item { !prompt.steers } else { false }
        }
    }
}

/// Puts a recording's lines together.
struct TrafficReader {
    private struct Lane {
        var system = ""
        var tools: [ToolDefinition] = []
        var messages: [ModelMessage] = []
        var count = 0
    }

    private(set) var calls: [TrafficRecording.Call] = []
    private(set) var items: [TrafficRecording.Item] = []
    private(set) var stopped: String?
    private var lanes: [TrafficLane: Lane] = [:]
    /// Positions of calls without an end, by the number that the lines give them.
    private var open: [Int: Int] = [:]
    private var totalMessages = 0

    mutating func read(_ json: JSON) throws(ConversationFormatError) {
        switch json["type"]?.stringValue {
        case "prompt": items.append(.prompt(try RecordedPrompt(json: json)))
        case "cancel": items.append(.cancel)
        case "request": try request(json)
        case "answer": try answer(json)
        case "resumed":
            // The recorder after it knows nothing of the requests before it.
            open = [:]
            lanes = lanes.mapValues { Lane(count: $0.count) }
        case "stopped": stopped = json["reason"]?.stringValue ?? "it says no reason"
        case let other: throw ConversationFormatError(description: "a line of the unknown type '\(other ?? "")'")
        }
    }

    private mutating func request(_ json: JSON) throws(ConversationFormatError) {
        guard let number = json["call"]?.intValue, open[number] == nil else {
            throw ConversationFormatError(description: "a request lacks a 'call' of its own")
        }
        guard let role = json["role"]?.stringValue.flatMap(ModelRole.init(rawValue:)) else {
            throw ConversationFormatError(description: "a request lacks a known 'role'")
        }
        let name = TrafficLane(role, isProgram: json["program"]?.boolValue ?? false)
        var lane = lanes[name] ?? Lane()
        if let system = json["system"]?.stringValue { lane.system = system }
        if let tools = json["tools"]?.arrayValue {
            lane.tools = []
            for tool in tools { lane.tools.append(try ToolDefinition(json: tool)) }
        }
        guard let kept = json["keep"]?.intValue, (0...lane.messages.count).contains(kept),
            let added = json["messages"]?.arrayValue
        else {
            throw ConversationFormatError(
                description: "a request's 'keep' is no number up to \(lane.messages.count), or 'messages' is missing")
        }
        lane.messages.removeLast(lane.messages.count - kept)
        for message in added { lane.messages.append(try ModelMessage(json: message)) }
        totalMessages += lane.messages.count
        guard totalMessages <= TrafficLimits.maximumMessages else {
            throw ConversationFormatError(description: "more messages than can be played")
        }
        lane.count += 1
        lanes[name] = lane
        open[number] = calls.count
        items.append(.call(calls.count))
        calls.append(
            TrafficRecording.Call(
                number: lane.count, lane: name, role: role, choice: json["choice"]?.stringValue,
                system: lane.system, tools: lane.tools,
                maximumOutputTokens: json["maximumOutputTokens"]?.intValue, messages: lane.messages))
    }

    private mutating func answer(_ json: JSON) throws(ConversationFormatError) {
        guard let position = json["call"]?.intValue.flatMap({ open.removeValue(forKey: $0) }) else {
            throw ConversationFormatError(description: "an answer to no request that is open")
        }
        guard let events = json["events"]?.arrayValue else {
            throw ConversationFormatError(description: "the array 'events' is missing")
        }
        var time = Duration.zero
        for event in events {
            guard calls[position].end == nil else {
                throw ConversationFormatError(description: "an event after the end of an answer")
            }
            // Time never runs backwards.
            time = max(time, .recorded(event["at"]) ?? time)
            if let failure = event["failed"] {
                calls[position].end = .failed(try ModelError(json: failure))
            } else if event["cancelled"] != nil {
                calls[position].end = .cancelled
            } else {
                let event = try ModelEvent(json: event)
                calls[position].events.append((time, event))
                if case .completed(let response) = event {
                    calls[position].end = .completed
                    if !response.content.isEmpty {
                        lanes[calls[position].lane]?.messages =
                            calls[position].messages + [.assistant(response.content)]
                    }
                }
            }
        }
        guard calls[position].end != nil else {
            throw ConversationFormatError(description: "an answer without an end")
        }
        calls[position].endedAt = time
    }

    /// A request that a service did not live to see the end of was made again by the next one: only that one counts.
    mutating func finish() {
        var later: Set<TrafficLane> = []
        var isRepeated = [Bool](repeating: false, count: calls.count)
        for position in calls.indices.reversed() {
            if calls[position].end == nil {
                isRepeated[position] = later.contains(calls[position].lane)
                calls[position].end = .cancelled
            }
            later.insert(calls[position].lane)
        }
        items.removeAll { item in
            if case .call(let position) = item { isRepeated[position] } else { false }
        }
    }
}
