import Secrets
import Synchronization

/// Answers a session's requests as models once did, event by event, and fails loudly where the session asks something
/// else.
public final class TrafficPlayer: Sendable {
    public enum Match: String, Sendable, CaseIterable {
        /// A request must be the recorded one, but for what varies between runs (``VaryingText``).
        case strict
        /// The next answer is given whatever was asked: for demonstrations.
        case lenient
    }

    public struct Options: Sendable, Equatable {
        public var match: Match
        /// How much faster than it was; nil: without any pause.
        public var speed: Double?

        public init(match: Match = .strict, speed: Double? = nil) {
            self.match = match
            self.speed = speed
        }
    }

    /// How far the replay has come, for a later service to go on from.
    public struct Position: Sendable, Equatable, Codable {
        /// After the loop's last request, among all that is recorded.
        var call = 0
        /// After the last prompt that was given.
        var prompt = 0
        /// After the last prompt that was given into a turn.
        var steering = 0

        public init() {}
    }

    private struct State {
        var position: Position
        /// Calls that were answered.
        var played: Set<Int> = []
        /// Conversations that were found to be alike, by lane.
        var known: [TrafficLane: (recorded: [ModelMessage], actual: [ModelMessage])] = [:]
    }

    public let recording: TrafficRecording
    private let options: Options
    /// Begun by a former service, which may have had an answer that it did not keep.
    private let isResumed: Bool
    private let session: String?
    private let workspacePath: String?
    private let redactor: Redactor
    private let state: Mutex<State>

    /// - Parameters:
    ///   - session: the session's name; nil: each request's own key is it.
    ///   - workspacePath: the workspace's path, for what the user said.
    ///   - redactor: removes what was not recorded, before requests are compared.
    ///   - position: nil at the start.
    public init(
        _ recording: TrafficRecording, options: Options = Options(), session: String? = nil,
        workspacePath: String? = nil, redactor: Redactor = Redactor([]), from position: Position? = nil
    ) {
        self.recording = recording
        self.options = options
        self.session = session
        self.workspacePath = workspacePath
        self.redactor = redactor
        isResumed = position != nil
        state = Mutex(State(position: position ?? Position()))
    }

    public var position: Position { state.withLock { $0.position } }

    // MARK: What the user said

    private func resolved(_ prompt: RecordedPrompt) -> RecordedPrompt {
        let names = TrafficNames(workspacePath: workspacePath, session: session ?? "")
        return RecordedPrompt(
            text: names.resolve(prompt.text), steers: prompt.steers, more: prompt.more.mapStrings(names.resolve))
    }

    /// What was said into the running turn before the loop's next request.
    public func steering() -> [RecordedPrompt] {
        state.withLock { state in
            var found: [RecordedPrompt] = []
            var index = max(state.position.call, state.position.steering, state.position.prompt)
            while index < recording.items.count {
                switch recording.items[index] {
                case .call(let call) where recording.calls[call].lane == .loop: return found
                case .prompt(let prompt) where !prompt.steers: return found
                case .prompt(let prompt):
                    found.append(resolved(prompt))
                    state.position.steering = index + 1
                case .call, .cancel: break
                }
                index += 1
            }
            return found
        }
    }

    /// What began the next turn; nil when the recording has no further one.
    public func nextPrompt() -> RecordedPrompt? {
        state.withLock { state in
            for index in recording.items.indices[min(state.position.prompt, recording.items.count)...] {
                guard case .prompt(let prompt) = recording.items[index], !prompt.steers else { continue }
                state.position.prompt = index + 1
                return resolved(prompt)
            }
            return nil
        }
    }

    // MARK: Answers

    /// - Parameters:
    ///   - role: nil when who asks does not know it: then what is asked decides.
    ///   - choice: what a program calls the model that it wants.
    public func stream(
        _ request: ModelRequest, as role: ModelRole?, isProgram: Bool = false, choice: String? = nil
    ) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let names = TrafficNames(
                        workspacePath: request.workspacePath ?? self.workspacePath,
                        session: self.session ?? request.sessionKey,
                        redactor: self.redactor)
                    let call = try self.take(request, role, isProgram, choice, names)
                    try await self.play(call, names) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func play(
        _ call: TrafficRecording.Call, _ names: TrafficNames, _ emit: (ModelEvent) -> Void
    ) async throws {
        var time = Duration.zero
        for (at, event) in call.events {
            try await pause(at - time)
            time = at
            try Task.checkCancellation()
            emit(names.resolve(event))
        }
        try await pause(call.endedAt - time)
        switch call.end {
        case .completed: return
        case .failed(let error): throw error.mapTexts(names.resolve)
        case .cancelled, nil: throw CancellationError()
        }
    }

    private func pause(_ length: Duration) async throws {
        guard let speed = options.speed, length > .zero else { return }
        try await Task.sleep(for: min(length / speed, TrafficLimits.longestPause))
    }

    // MARK: Which one

    private func take(
        _ request: ModelRequest, _ role: ModelRole?, _ isProgram: Bool, _ choice: String?, _ names: TrafficNames
    ) throws -> TrafficRecording.Call {
        try state.withLock { state in
            let lanes = role.map { [TrafficLane($0, isProgram: isProgram)] } ?? TrafficLane.allCases
            if role != nil, lanes == [.loop], takeCancel(&state) { throw CancellationError() }
            let heads = lanes.compactMap { head($0, state) }
            guard let first = heads.first else {
                throw ModelError.replayExhausted(
                    turns: recording.calls.count { lanes.contains($0.lane) && $0.lane != .title })
            }
            func difference(_ index: Int) -> (place: String, mismatch: Mismatch)? {
                let call = recording.calls[index]
                var comparison = TrafficComparison(call: call, request: request, names: names)
                if let known = state.known[call.lane] { comparison.known = known }
                return comparison.difference(role: role, choice: choice)
            }
            var chosen = heads.first { difference($0) == nil }
            // Programs run side by side; and what a former service had asked may have to be asked again.
            if chosen == nil, isProgram || isResumed {
                chosen = recording.calls.indices.first { index in
                    lanes.contains(recording.calls[index].lane) && !state.played.contains(index)
                        && difference(index) == nil
                }
            }
            if chosen == nil, options.match == .lenient {
                chosen = heads.first { recording.calls[$0].system == names.record(request.system) } ?? first
            }
            guard let chosen else {
                let call = recording.calls[first]
                let (place, mismatch) = difference(first) ?? ("", Mismatch(expected: "", actual: ""))
                let lane = call.lane == .loop ? "" : " (\(call.lane.rawValue))"
                throw ModelError.replayDiverged(
                    turn: call.number, place: place + lane, expected: mismatch.expected, actual: mismatch.actual)
            }
            let call = recording.calls[chosen]
            state.known[call.lane] = (call.messages, request.messages)
            pass(chosen, call.lane, &state)
            return call
        }
    }

    /// The next call of a lane that was not answered yet.
    private func head(_ lane: TrafficLane, _ state: State) -> Int? {
        let start = lane == .loop ? state.position.call : 0
        for item in recording.items[min(start, recording.items.count)...] {
            if case .call(let index) = item, recording.calls[index].lane == lane, !state.played.contains(index) {
                return index
            }
        }
        return nil
    }

    private func pass(_ index: Int, _ lane: TrafficLane, _ state: inout State) {
        state.played.insert(index)
        guard lane == .loop else { return }
        let item = recording.items.firstIndex { if case .call(index) = $0 { true } else { false } }
        state.position.call = (item ?? state.position.call) + 1
    }

    /// Whether the user ended the turn before the loop's next request.
    private func takeCancel(_ state: inout State) -> Bool {
        var index = max(state.position.call, state.position.prompt)
        while index < recording.items.count {
            switch recording.items[index] {
            case .cancel:
                state.position.call = index + 1
                return true
            case .call(let call) where recording.calls[call].lane == .loop: return false
            case .prompt(let prompt) where !prompt.steers: return false
            case .call, .prompt: index += 1
            }
        }
        return false
    }
}
