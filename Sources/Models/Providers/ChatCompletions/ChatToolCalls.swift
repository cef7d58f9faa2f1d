import JSON

/// Puts tool calls together from the deltas of a stream. Servers differ: OpenAI numbers the calls by `index` and sends
/// id and name once; others send whole calls at once, leave out ids or indices, or give every call the index 0.
struct ChatToolCalls: Sendable {
    private struct Partial {
        var index: Int?
        var id: String
        var name: String
        var arguments: String
    }

    private var partials: [Partial] = []
    /// The calls, once the stream has said that they are complete.
    private(set) var finished: [ToolCall] = []

    /// Takes one element of `delta.tool_calls`.
    mutating func add(_ delta: JSON, maximumCalls: Int) throws(ModelError) {
        guard finished.isEmpty else { throw .malformedResponse("A tool call goes on after the finish_reason.") }
        let index = delta["index"]?.intValue
        let id = delta["id"]?.nonEmptyString
        let function = delta["function"] ?? .null
        let name = function["name"]?.nonEmptyString
        let arguments = Self.text(function["arguments"])
        guard let position = position(index: index, id: id, name: name) else {
            guard partials.count < maximumCalls else {
                throw .malformedResponse("The answer has more than \(maximumCalls) tool calls.")
            }
            partials.append(Partial(index: index, id: id ?? "", name: name ?? "", arguments: arguments))
            return
        }
        if partials[position].id.isEmpty { partials[position].id = id ?? "" }
        if let name, name != partials[position].name { partials[position].name += name }
        partials[position].arguments += arguments
    }

    /// The call that a delta continues, or nil when it starts another.
    private func position(index: Int?, id: String?, name: String?) -> Int? {
        guard let index else {
            if let id { return partials.lastIndex { $0.id == id } }
            // Without index and id only a name tells that another call begins.
            return name == nil ? partials.indices.last : nil
        }
        guard let position = partials.lastIndex(where: { $0.index == index }) else { return nil }
        // Another id together with a name is another call, whatever the index says. An id alone is not: some servers
        // make up a new one for each delta.
        if let id, name != nil, !partials[position].id.isEmpty, partials[position].id != id { return nil }
        return position
    }

    /// Ends all calls and returns them; later calls of this function return nothing.
    mutating func finish() -> [ToolCall] {
        guard finished.isEmpty else { return [] }
        finished = partials.map { partial in
            ToolCall(
                id: partial.id.isEmpty ? Self.newID() : partial.id, name: partial.name, rawArguments: partial.arguments)
        }
        return finished
    }

    /// Arguments are a text that holds JSON; some servers send the JSON itself.
    private static func text(_ arguments: JSON?) -> String {
        switch arguments {
        case nil, .null?: ""
        case .string(let text)?: text
        case let value?: value.text
        }
    }

    /// An id for a call that came without one. Random, since it must be unlike any in the conversation before.
    private static func newID() -> String {
        "call_" + String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
