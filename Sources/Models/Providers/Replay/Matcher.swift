import JSON

/// What a recording expects of a text.
enum TextMatcher: Sendable, Equatable {
    case equals(String)
    case contains([String])
    case any

    /// `{"equals": "…"}`, `{"contains": ["…"]}` or `{"matches": "any"}`.
    init(json: JSON) throws(ConversationFormatError) {
        if let text = json["equals"]?.stringValue {
            self = .equals(text)
        } else if let parts = json["contains"]?.arrayValue {
            let texts = parts.compactMap(\.stringValue)
            guard texts.count == parts.count, !texts.isEmpty else {
                throw ConversationFormatError(description: "'contains' must be a list of texts")
            }
            self = .contains(texts)
        } else if json["matches"]?.stringValue == "any" {
            self = .any
        } else {
            throw ConversationFormatError(
                description: "a matcher needs 'equals': text, 'contains': [texts] or 'matches': 'any'")
        }
    }

    /// What is wrong with `text`, or nil when it fits.
    func mismatch(_ text: String, _ placeholder: WorkspacePlaceholder) -> Mismatch? {
        switch self {
        case .any:
            return nil
        case .equals(let expected):
            let expected = placeholder.resolve(expected)
            return expected == text ? nil : Mismatch.between(expected, text)
        case .contains(let parts):
            guard let missing = parts.map(placeholder.resolve).first(where: { !text.contains($0) }) else { return nil }
            return Mismatch(
                expected: "a text that contains '\(Mismatch.capped(missing))'", actual: Mismatch.capped(text))
        }
    }
}

/// What a recording expects of one block of a message.
enum BlockMatcher: Sendable, Equatable {
    case text(TextMatcher)
    case toolResult(callID: String, isError: Bool?, TextMatcher)
    case image(ImageContent)

    init(json: JSON) throws(ConversationFormatError) {
        switch json["type"]?.stringValue {
        case "text":
            self = .text(try TextMatcher(json: json))
        case "toolResult":
            guard let callID = json["callID"]?.stringValue else {
                throw ConversationFormatError(description: "a toolResult matcher lacks 'callID'")
            }
            self = .toolResult(callID: callID, isError: json["isError"]?.boolValue, try TextMatcher(json: json))
        case "image":
            self = .image(try ImageContent(json: json))
        case let other:
            throw ConversationFormatError(description: "a matcher has the unknown type '\(other ?? "")'")
        }
    }

    func mismatch(_ block: ContentBlock, _ placeholder: WorkspacePlaceholder) -> Mismatch? {
        switch (self, block) {
        case (.text(let matcher), .text(let text)):
            return matcher.mismatch(text, placeholder)
        case (.toolResult(let callID, let isError, let matcher), .toolResult(let result)):
            guard callID == result.callID else {
                return Mismatch(expected: "the result of call \(callID)", actual: "the result of call \(result.callID)")
            }
            if let isError, isError != result.isError {
                return Mismatch(
                    expected: isError ? "an error" : "a success",
                    actual: "\(result.isError ? "an error" : "a success"): \(Mismatch.capped(result.text))")
            }
            return matcher.mismatch(result.text, placeholder)
        case (.image(let expected), .image(let image)) where expected == image:
            return nil
        default:
            return Mismatch(expected: kind, actual: Mismatch.describe(block))
        }
    }

    private var kind: String {
        switch self {
        case .text: "a text"
        case .toolResult(let callID, _, _): "the result of call \(callID)"
        case .image(let image): Mismatch.describe(.image(image))
        }
    }
}

/// What a recording expects of one message.
struct MessageMatcher: Sendable, Equatable {
    var role: ModelMessage.Role
    var blocks: [BlockMatcher]

    init(json: JSON) throws(ConversationFormatError) {
        guard let role = json["role"]?.stringValue.flatMap(ModelMessage.Role.init(rawValue:)) else {
            throw ConversationFormatError(description: "an expected message lacks the role 'user' or 'assistant'")
        }
        guard let content = json["content"]?.arrayValue else {
            throw ConversationFormatError(description: "an expected message lacks the array 'content'")
        }
        self.role = role
        blocks = []
        for block in content { blocks.append(try BlockMatcher(json: block)) }
    }
}

/// Two things that should be alike and are not, in words.
struct Mismatch: Sendable, Equatable {
    var expected: String
    var actual: String

    private static let maximumCharacters = 400
    private static let contextCharacters = 40

    /// Both texts around the first character in which they differ.
    static func between(_ expected: String, _ actual: String) -> Mismatch {
        let common = zip(expected, actual).prefix { $0 == $1 }.count
        let start = max(0, common - contextCharacters)
        func excerpt(_ text: String) -> String {
            (start > 0 ? "…" : "") + capped(String(text.dropFirst(start)))
        }
        return Mismatch(
            expected: "(differs at character \(common)) '\(excerpt(expected))'", actual: "'\(excerpt(actual))'")
    }

    static func capped(_ text: String) -> String {
        text.count > maximumCharacters ? text.prefix(maximumCharacters) + "… (\(text.count) characters)" : text
    }

    static func describe(_ block: ContentBlock) -> String {
        switch block {
        case .text(let text): "the text '\(capped(text))'"
        case .reasoning(let reasoning): "the reasoning '\(capped(reasoning.text))'"
        case .toolCall(let call):
            "the call \(call.id) of \(call.name) with \(capped(call.malformed ?? call.arguments.text))"
        case .toolResult(let result): "the result of call \(result.callID): '\(capped(result.text))'"
        case .image(let image): "a picture of \(image.data.count) bytes (\(image.mediaType))"
        }
    }
}
