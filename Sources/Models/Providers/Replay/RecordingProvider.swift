import JSON
import Secrets
import Synchronization

/// Passes requests on and writes the conversation down, in the form that ``ReplayProvider`` plays, with exact matchers.
///
/// The first session goes to the file as named, further ones to `NAME-2.json` and so on. The file is replaced after
/// every turn. Request headers, and thus keys, are not part of a recording; secrets that occur in texts are blotted out.
public final class RecordingProvider: ModelProvider {
    private struct Conversation {
        var file: String
        /// The conversation as the next request must begin.
        var messages: [ModelMessage] = []
        var turns: [JSON] = []
        /// Why the recording ends here.
        var stopped: String?
    }

    private let base: any ModelProvider
    private let file: String
    private let name: String
    private let redactor: Redactor
    private let conversations = Mutex<[String: Conversation]>([:])

    /// - Parameters:
    ///   - file: path of the recording; its folder exists.
    ///   - secrets: texts that must not be written, such as the API key.
    public init(_ base: any ModelProvider, file: String, name: String, secrets: [SecretString]) {
        self.base = base
        self.file = file
        self.name = name
        redactor = Redactor(secrets)
    }

    public var identifier: String { base.identifier }

    public func shutdown() async {
        await base.shutdown()
    }

    public func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    for try await event in base.stream(request) {
                        if case .completed(let response) = event { try record(request, response) }
                        continuation.yield(event)
                    }
                    try Task.checkCancellation()
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func record(_ request: ModelRequest, _ response: ModelResponse) throws {
        let placeholder = WorkspacePlaceholder(path: request.workspacePath)
        try conversations.withLock { conversations in
            var conversation =
                conversations[request.sessionKey] ?? Conversation(file: numbered(conversations.count + 1))
            defer { conversations[request.sessionKey] = conversation }
            guard conversation.stopped == nil else { return }
            if request.messages.starts(with: conversation.messages) {
                let newMessages = request.messages.dropFirst(conversation.messages.count)
                conversation.turns.append([
                    "expect": ["newMessages": .array(newMessages.map { matcher($0, placeholder) })],
                    "response": recorded(response, placeholder),
                ])
                conversation.messages = request.messages + [.assistant(response.content)]
            } else {
                conversation.stopped = "the conversation was rewritten, which a recording cannot express"
            }
            try write(conversation)
        }
    }

    private func numbered(_ number: Int) -> String {
        guard number > 1 else { return file }
        let stem = file.hasSuffix(".json") ? String(file.dropLast(".json".count)) : file
        return "\(stem)-\(number).json"
    }

    private func matcher(_ message: ModelMessage, _ placeholder: WorkspacePlaceholder) -> JSON {
        let blocks = message.content.compactMap { block -> JSON? in
            switch clean(block, placeholder) {
            case .text(let text):
                return ["type": "text", "equals": .string(text)]
            case .toolResult(let result):
                return [
                    "type": "toolResult", "callID": .string(result.callID), "isError": .bool(result.isError),
                    "equals": .string(result.text),
                ]
            case .image:
                return block.json
            case .reasoning, .toolCall:
                return nil  // Not said by a user.
            }
        }
        return ["role": .string(message.role.rawValue), "content": .array(blocks)]
    }

    private func recorded(_ response: ModelResponse, _ placeholder: WorkspacePlaceholder) -> JSON {
        var response = response
        response.content = response.content.map { clean($0, placeholder) }
        return response.json
    }

    private func clean(_ block: ContentBlock, _ placeholder: WorkspacePlaceholder) -> ContentBlock {
        WorkspacePlaceholder.map(placeholder.record(block), redactor.redact)
    }

    private func write(_ conversation: Conversation) throws(ModelError) {
        var json: JSON = [
            "version": .number(JSONNumber(Recording.version)), "name": .string(name),
            "turns": .array(conversation.turns),
        ]
        json["stopped"] = conversation.stopped.map(JSON.string)
        do throws(FileError) {
            try SmallFile.replace(conversation.file, with: json.serialized(.pretty))
        } catch {
            throw .notConfigured("The recording \(conversation.file) cannot be written: \(error.reason).")
        }
    }
}
