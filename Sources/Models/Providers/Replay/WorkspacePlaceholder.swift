import JSON

/// Exchanges the workspace's path for `${WORKSPACE}` and back, so that a recording plays in any folder.
struct WorkspacePlaceholder: Sendable {
    static let text = "${WORKSPACE}"

    /// The path; nil when there is none, or one so short that it would be found everywhere.
    private let path: String?

    init(path: String?) {
        var path = path ?? ""
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path.isEmpty ? nil : path
    }

    /// `text` as it is recorded.
    func record(_ text: String) -> String {
        guard let path else { return text }
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: path) {
            let next = rest[range.upperBound...].first
            // "/home/a/work" is not a part of "/home/a/workshop".
            let isWhole = next.map { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") } ?? true
            result += rest[..<range.lowerBound]
            result += isWhole ? Self.text : path
            rest = rest[range.upperBound...]
        }
        return result + rest
    }

    /// A recorded text as it is to be read here.
    func resolve(_ text: String) -> String {
        guard let path else { return text }
        return text.replacing(Self.text, with: path)
    }

    func record(_ block: ContentBlock) -> ContentBlock { Self.map(block, record) }
    func resolve(_ block: ContentBlock) -> ContentBlock { Self.map(block, resolve) }

    static func map(_ block: ContentBlock, _ change: (String) -> String) -> ContentBlock {
        switch block {
        case .text(let text):
            return .text(change(text))
        case .reasoning(var reasoning):
            reasoning.text = change(reasoning.text)
            return .reasoning(reasoning)
        case .toolCall(var call):
            call.arguments = map(call.arguments, change)
            call.malformed = call.malformed.map(change)
            return .toolCall(call)
        case .toolResult(var result):
            result.text = change(result.text)
            return .toolResult(result)
        case .image:
            return block
        }
    }

    private static func map(_ json: JSON, _ change: (String) -> String) -> JSON {
        switch json {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { map($0, change) })
        case .object(let object): .object(JSONObject(object.map { (change($0.key), map($0.value, change)) }))
        case .null, .bool, .number: json
        }
    }
}
