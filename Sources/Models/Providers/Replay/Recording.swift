import JSON

/// A recorded conversation: for each turn what the model was told, and what it answered.
///
/// As JSON: `{"version": 1, "name": …, "turns": [{"expect": {"newMessages": [message matchers]}, "response": {"content":
/// [blocks], "stopReason": …, "usage": {…}}}]}`. `newMessages` are the messages since the model's last answer. A message
/// matcher is `{"role", "content": [block matchers]}`; a block matcher is `{"type": "text"}` or `{"type": "toolResult",
/// "callID", "isError"}`, with one of `"equals": text`, `"contains": [texts]` and `"matches": "any"`. The workspace's
/// path is written `${WORKSPACE}`.
public struct Recording: Sendable {
    struct Turn: Sendable {
        var newMessages: [MessageMatcher]
        var response: ModelResponse
    }

    public static let version = 1
    /// A long session with large files has some megabytes.
    static let maximumFileBytes = 64 << 20

    public let name: String
    let turns: [Turn]

    /// Reads the file at `path`.
    /// - Throws: ``ModelError/notConfigured(_:)`` when it cannot be read or is not a recording.
    public init(reading path: String) throws {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try SmallFile.read(path, maximumBytes: Self.maximumFileBytes)
        } catch {
            throw ModelError.notConfigured("The recording \(path) cannot be read: \(error.reason).")
        }
        do {
            try self.init(json: JSON(parsing: bytes))
        } catch {
            throw ModelError.notConfigured("The recording \(path) is not valid: \(error).")
        }
    }

    /// - Throws: ``ConversationFormatError`` naming the turn that is wrong.
    public init(json: JSON) throws(ConversationFormatError) {
        guard json["version"]?.intValue == Self.version else {
            throw ConversationFormatError(description: "its 'version' is not \(Self.version)")
        }
        guard let array = json["turns"]?.arrayValue else {
            throw ConversationFormatError(description: "the array 'turns' is missing")
        }
        name = json["name"]?.stringValue ?? "recording"
        var turns: [Turn] = []
        for (offset, turn) in array.enumerated() {
            do throws(ConversationFormatError) {
                turns.append(try Self.turn(turn))
            } catch {
                throw ConversationFormatError(description: "turn \(offset + 1): \(error)")
            }
        }
        self.turns = turns
    }

    private static func turn(_ json: JSON) throws(ConversationFormatError) -> Turn {
        guard let messages = json["expect"]?["newMessages"]?.arrayValue else {
            throw ConversationFormatError(description: "the array 'expect.newMessages' is missing")
        }
        guard let response = json["response"] else {
            throw ConversationFormatError(description: "'response' is missing")
        }
        var matchers: [MessageMatcher] = []
        for message in messages { matchers.append(try MessageMatcher(json: message)) }
        return Turn(newMessages: matchers, response: try ModelResponse(json: response))
    }
}
