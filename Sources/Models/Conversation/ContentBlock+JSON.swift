import JSON

/// A value of the conversation types that could not be read from JSON.
public struct ConversationFormatError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

/// The JSON that recordings hold, and that a conversation can be kept in.
extension ContentBlock {
    public var json: JSON {
        switch self {
        case .text(let text):
            return ["type": "text", "text": .string(text)]
        case .reasoning(let reasoning):
            var json: JSON = ["type": "reasoning", "text": .string(reasoning.text)]
            json["signature"] = reasoning.signature.map(JSON.string)
            json["redactedData"] = reasoning.redactedData.map(JSON.string)
            json["provider"] = reasoning.provider.map(JSON.string)
            return json
        case .toolCall(let call):
            var json: JSON = [
                "type": "toolCall", "id": .string(call.id), "name": .string(call.name), "arguments": call.arguments,
            ]
            json["malformed"] = call.malformed.map(JSON.string)
            return json
        case .toolResult(let result):
            var json: JSON = [
                "type": "toolResult", "callID": .string(result.callID), "text": .string(result.text),
                "isError": .bool(result.isError),
            ]
            if !result.images.isEmpty { json["images"] = .array(result.images.map(\.json)) }
            return json
        case .image(let image):
            var json = image.json
            json["type"] = "image"
            return json
        }
    }

    public init(json: JSON) throws(ConversationFormatError) {
        func text(_ key: String) throws(ConversationFormatError) -> String {
            guard let text = json[key]?.stringValue else {
                throw ConversationFormatError(description: "a block lacks the text '\(key)'")
            }
            return text
        }
        switch json["type"]?.stringValue {
        case "text":
            self = .text(try text("text"))
        case "reasoning":
            self = .reasoning(
                Reasoning(
                    text: try text("text"), signature: json["signature"]?.stringValue,
                    redactedData: json["redactedData"]?.stringValue, provider: json["provider"]?.stringValue))
        case "toolCall":
            guard let arguments = json["arguments"], arguments.objectValue != nil else {
                throw ConversationFormatError(description: "a toolCall block lacks the object 'arguments'")
            }
            self = .toolCall(
                ToolCall(
                    id: try text("id"), name: try text("name"), arguments: arguments,
                    malformed: json["malformed"]?.stringValue))
        case "toolResult":
            self = .toolResult(
                ToolResult(
                    callID: try text("callID"), text: try text("text"), isError: json["isError"]?.boolValue ?? false,
                    images: try ImageContent.images(json["images"])))
        case "image":
            self = .image(try ImageContent(json: json))
        case let other:
            throw ConversationFormatError(description: "a block has the unknown type '\(other ?? "")'")
        }
    }
}

extension ModelMessage {
    public var json: JSON {
        ["role": .string(role.rawValue), "content": .array(content.map(\.json))]
    }

    public init(json: JSON) throws(ConversationFormatError) {
        guard let role = json["role"]?.stringValue.flatMap(Role.init(rawValue:)) else {
            throw ConversationFormatError(description: "a message lacks the role 'user' or 'assistant'")
        }
        self.init(role: role, content: try ContentBlock.blocks(json["content"]))
    }
}

extension ContentBlock {
    static func blocks(_ json: JSON?) throws(ConversationFormatError) -> [ContentBlock] {
        guard let array = json?.arrayValue else {
            throw ConversationFormatError(description: "the array 'content' is missing")
        }
        var blocks: [ContentBlock] = []
        for element in array { blocks.append(try ContentBlock(json: element)) }
        return blocks
    }
}
