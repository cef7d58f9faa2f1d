import JSON
import Secrets

/// Puts names in the place of what is another one in every session, and marks in the place of secrets.
///
/// `${cofferdam:workspace}` is the workspace's path and `${cofferdam:session}` the session's name. A text that holds
/// `${cofferdam:` itself is recorded with `${cofferdam:literal:` in its place.
struct TrafficNames: Sendable {
    private static let opening = "${cofferdam:"
    private static let literal = "literal:"
    private static let workspace = "workspace}"
    private static let session = "session}"
    /// A shorter name would be found everywhere.
    private static let shortestSession = 3

    private let path: WorkspacePath
    private let sessionName: String
    private let redactor: Redactor

    /// - Parameters:
    ///   - session: the session's name; empty: none is looked for.
    ///   - redactor: removes what no recording shows.
    init(workspacePath: String?, session: String, redactor: Redactor = Redactor([])) {
        path = WorkspacePath(workspacePath)
        sessionName = session.utf8.count < Self.shortestSession ? "" : session
        self.redactor = redactor
    }

    // MARK: Recording

    /// `text` as it is recorded.
    func record(_ text: String) -> String {
        var result = redactor.redact(text)
        if result.utf8.contains(UInt8(ascii: "$")) {
            result = result.replacing(Self.opening, with: Self.opening + Self.literal)
        }
        result = path.replaced(in: result, with: Self.opening + Self.workspace)
        return sessionName.isEmpty ? result : result.replacing(sessionName, with: Self.opening + Self.session)
    }

    func record(_ json: JSON) -> JSON { json.mapStrings(record) }
    func record(_ block: ContentBlock) -> ContentBlock { block.mapTexts(record) }

    func record(_ message: ModelMessage) -> ModelMessage {
        ModelMessage(role: message.role, content: message.content.map(record))
    }

    func record(_ error: ModelError) -> ModelError { error.mapTexts(record) }

    /// The pieces of one text as they are recorded: what is replaced may reach over several of them. Their bounds stay
    /// where they were, outside of what changed.
    func record(pieces: [String]) -> [String] {
        let whole = pieces.joined()
        let recorded = record(whole)
        guard recorded != whole else { return pieces }
        let (old, new) = (Array(whole.unicodeScalars), Array(recorded.unicodeScalars))
        let head = zip(old, new).prefix { $0 == $1 }.count
        let tail = min(
            zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.count, min(old.count, new.count) - head)
        var before: [String] = []
        var after: [String] = []
        var middle = String(String.UnicodeScalarView(new[head..<new.count - tail]))
        var position = 0
        for piece in pieces {
            let scalars = Array(piece.unicodeScalars)
            let end = position + scalars.count
            if end <= head {
                before.append(piece)
            } else if position >= old.count - tail {
                after.append(piece)
            } else {
                if position < head { middle = Self.text(scalars[..<(head - position)]) + middle }
                if end > old.count - tail { middle += Self.text(scalars[(old.count - tail - position)...]) }
            }
            position = end
        }
        return before + (middle.isEmpty ? [] : [middle]) + after
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }

    // MARK: Replay

    /// A recorded text as it is to be read here.
    func resolve(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: Self.opening) {
            result += rest[..<range.lowerBound]
            rest = rest[range.upperBound...]
            if rest.hasPrefix(Self.workspace), let path = path.text {
                result += path
                rest = rest.dropFirst(Self.workspace.count)
            } else if rest.hasPrefix(Self.session), !sessionName.isEmpty {
                result += sessionName
                rest = rest.dropFirst(Self.session.count)
            } else {
                result += Self.opening
                if rest.hasPrefix(Self.literal) { rest = rest.dropFirst(Self.literal.count) }
            }
        }
        return result + rest
    }

    func resolve(_ block: ContentBlock) -> ContentBlock { block.mapTexts(resolve) }

    func resolve(_ event: ModelEvent) -> ModelEvent {
        switch event {
        case .textDelta(let text): return .textDelta(resolve(text))
        case .reasoningDelta(let text): return .reasoningDelta(resolve(text))
        case .toolCall(let call):
            guard case .toolCall(let resolved) = resolve(ContentBlock.toolCall(call)) else { return event }
            return .toolCall(resolved)
        case .retrying(let reason, let delay): return .retrying(reason: resolve(reason), delay: delay)
        case .switched(var change):
            change.reason = resolve(change.reason)
            return .switched(change)
        case .completed(var response):
            response.content = response.content.map(resolve)
            return .completed(response)
        }
    }
}

extension JSON {
    /// The same with every string, keys included, changed.
    func mapStrings(_ change: (String) -> String) -> JSON {
        switch self {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { $0.mapStrings(change) })
        case .object(let object): .object(JSONObject(object.map { (change($0.key), $0.value.mapStrings(change)) }))
        case .null, .bool, .number: self
        }
    }
}

extension ContentBlock {
    /// The same with its texts changed; a vendor's proofs stay as they are, and so do pictures.
    func mapTexts(_ change: (String) -> String) -> ContentBlock {
        switch self {
        case .text(let text):
            return .text(change(text))
        case .reasoning(var reasoning):
            reasoning.text = change(reasoning.text)
            return .reasoning(reasoning)
        case .toolCall(var call):
            call.arguments = call.arguments.mapStrings(change)
            call.malformed = call.malformed.map(change)
            return .toolCall(call)
        case .toolResult(var result):
            result.text = change(result.text)
            return .toolResult(result)
        case .image:
            return self
        }
    }
}
