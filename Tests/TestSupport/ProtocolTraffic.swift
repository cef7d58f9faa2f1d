import JSON

/// Holds the messages of one connection against the protocol, in the order in which they crossed.
///
/// On an editor's connection the messages of LSP pass unchecked, but for what `initialize` says about us.
public struct ProtocolTraffic: Sendable {
    private struct Key: Hashable {
        var sender: MessageDirection
        var id: String
    }

    private let schema: ProtocolSchema
    private let connection: ProtocolConnection
    /// The methods of requests that wait for a reply.
    private var pending: [Key: String] = [:]
    /// Methods of ours that crossed, with the number of messages (requests, replies, notifications).
    public private(set) var seen: [String: Int] = [:]

    public init(_ schema: ProtocolSchema, on connection: ProtocolConnection) {
        self.schema = schema
        self.connection = connection
    }

    /// Requests that were not answered yet.
    public var unanswered: [String] { pending.values.sorted() }

    /// Takes the next message; what is wrong with it, in words.
    public mutating func problems(in message: JSON, _ direction: MessageDirection) -> [String] {
        guard message.objectValue != nil else { return ["a message is an object, not \(message.kindDescription)"] }
        var found: [String] = []
        if message["jsonrpc"] != "2.0" { found.append("jsonrpc is not \"2.0\"") }
        if let method = message["method"]?.stringValue {
            found += call(method, message, direction)
        } else {
            found += reply(message, direction)
        }
        return found.map { "\(direction.rawValue) \($0)" }
    }

    private mutating func call(_ name: String, _ message: JSON, _ direction: MessageDirection) -> [String] {
        if let id = message["id"] {
            guard pending.updateValue(name, forKey: Key(sender: direction, id: id.text)) == nil else {
                return ["\(name): the id \(id.text) is in use"]
            }
        }
        guard let method = schema.method(name, from: direction, on: connection) else {
            return foreign(name, message, direction)
        }
        seen[name, default: 0] += 1
        var found: [String] = []
        if method.result == nil, message["id"] != nil { found.append("\(name) is a notification and has an id") }
        if method.result != nil, message["id"] == nil { found.append("\(name) is a request and has no id") }
        // Absent parameters are those of a method that needs none.
        found += check(message["params"] ?? [:], method.params[connection], "\(name) params")
        return found
    }

    /// A method that is not ours.
    private func foreign(_ name: String, _ message: JSON, _ direction: MessageDirection) -> [String] {
        if connection == .service || name.hasPrefix("agent/") { return ["\(name) is no method of this connection"] }
        if name == "initialize", direction == .clientToServer { return options(message["params"]) }
        return []
    }

    /// Settings may lie beneath a `cofferdam` member; an empty table is an empty list in some editors.
    private func options(_ params: JSON?) -> [String] {
        guard let given = params?["initializationOptions"], !given.isNull else { return [] }
        let options = given["cofferdam"] ?? given
        if options.arrayValue?.isEmpty == true { return [] }
        return check(options, "#/$defs/InitializationOptions", "initialize initializationOptions")
    }

    private mutating func reply(_ message: JSON, _ direction: MessageDirection) -> [String] {
        guard let id = message["id"] else { return ["a message with neither method nor id"] }
        if id.isNull, let error = message["error"] { return check(error, "#/$defs/ErrorObject", "error") }
        guard let name = pending.removeValue(forKey: Key(sender: direction.opposite, id: id.text)) else {
            return ["a reply to \(id.text), which is no open request"]
        }
        guard (message["result"] == nil) != (message["error"] == nil) else {
            return ["\(name): a reply has either result or error"]
        }
        guard let method = schema.method(name, from: direction.opposite, on: connection) else {
            guard name == "initialize", let result = message["result"] else { return [] }
            return check(
                result["capabilities"]?["experimental"] ?? [:], "#/$defs/ExperimentalCapabilities",
                "initialize capabilities.experimental")
        }
        seen[name, default: 0] += 1
        guard let error = message["error"] else { return check(message["result"], method.result, "\(name) result") }
        let found = check(error, "#/$defs/ErrorObject", "\(name) error")
        guard found.isEmpty, let code = error["code"]?.intValue, !method.errorCodes.contains(code) else { return found }
        return ["\(name): the error \(code) is not declared: \(error.text)"]
    }

    private func check(_ value: JSON?, _ reference: String?, _ what: String) -> [String] {
        guard let value, let reference else { return [] }
        do {
            return try schema.schema.problems(of: value, against: reference).map { "\(what): \($0)" }
        } catch {
            return ["\(what): \(error)"]
        }
    }
}
