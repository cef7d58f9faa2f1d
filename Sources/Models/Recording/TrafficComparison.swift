import JSON

/// Compares a request with a recorded one.
struct TrafficComparison {
    let call: TrafficRecording.Call
    let request: ModelRequest
    let names: TrafficNames
    /// A pair of conversations that were found to be alike: what is in both of them need not be looked at again.
    var known: (recorded: [ModelMessage], actual: [ModelMessage]) = ([], [])

    /// Where they differ first; nil when they are alike.
    func difference(role: ModelRole?, choice: String?) -> (place: String, mismatch: Mismatch)? {
        if let role, role != call.role {
            return ("the role", Mismatch(expected: call.role.rawValue, actual: role.rawValue))
        }
        if call.lane == .program, role != nil, call.choice != choice {
            return ("the model's name", Mismatch(expected: call.choice ?? "none", actual: choice ?? "none"))
        }
        if let mismatch = mismatch(call.system, request.system) { return ("the system prompt", mismatch) }
        if let difference = toolDifference { return difference }
        if call.maximumOutputTokens != request.maximumOutputTokens {
            func text(_ count: Int?) -> String { count.map { "\($0)" } ?? "none" }
            return (
                "the limit of output tokens",
                Mismatch(expected: text(call.maximumOutputTokens), actual: text(request.maximumOutputTokens))
            )
        }
        return messageDifference
    }

    private var toolDifference: (String, Mismatch)? {
        let (expected, actual) = (call.tools.map(\.name), request.tools.map(\.name))
        guard expected == actual else {
            return (
                "the tools on offer",
                Mismatch(
                    expected: Mismatch.capped(expected.joined(separator: ", ")),
                    actual: Mismatch.capped(actual.joined(separator: ", ")))
            )
        }
        for (recorded, tool) in zip(call.tools, request.tools) {
            if let mismatch = mismatch(recorded.json, tool.json) { return ("the tool \(recorded.name)", mismatch) }
        }
        return nil
    }

    private var messageDifference: (String, Mismatch)? {
        for (position, (recorded, actual)) in zip(call.messages, request.messages).enumerated() {
            if known.recorded.indices.contains(position), known.actual.indices.contains(position),
                known.recorded[position] == recorded, known.actual[position] == actual
            {
                continue
            }
            let place = "message \(position + 1)"
            guard recorded.role == actual.role else {
                return (place, Mismatch(expected: recorded.role.rawValue, actual: actual.role.rawValue))
            }
            for (number, (expected, block)) in zip(recorded.content, actual.content).enumerated() {
                if let mismatch = mismatch(expected, block) { return ("\(place), block \(number + 1)", mismatch) }
            }
            guard recorded.content.count == actual.content.count else {
                return (place, Mismatch(expected: blocks(recorded), actual: blocks(actual)))
            }
        }
        guard call.messages.count == request.messages.count else {
            return (
                "the conversation",
                Mismatch(
                    expected: "\(call.messages.count) messages", actual: "\(request.messages.count) messages")
            )
        }
        return nil
    }

    private func blocks(_ message: ModelMessage) -> String {
        "\(message.content.count) blocks: "
            + Mismatch.capped(message.content.suffix(3).map(Mismatch.describe).joined(separator: ", "))
    }

    private func mismatch(_ expected: ContentBlock, _ block: ContentBlock) -> Mismatch? {
        switch (expected, names.record(block)) {
        case (.text(let recorded), .text(let text)):
            return compare(recorded, text)
        case (.toolResult(let recorded), .toolResult(let result)):
            guard recorded.callID == result.callID, recorded.isError == result.isError,
                recorded.images == result.images
            else { return Mismatch(expected: Mismatch.describe(expected), actual: Mismatch.describe(block)) }
            return compare(recorded.text, result.text)
        case (.toolCall(let recorded), .toolCall(let call)):
            guard recorded.id == call.id, recorded.name == call.name, recorded.malformed == call.malformed,
                recorded.arguments == call.arguments
            else { return Mismatch(expected: Mismatch.describe(expected), actual: Mismatch.describe(block)) }
            return nil
        case (let recorded, let block):
            guard recorded != block else { return nil }
            return Mismatch(expected: Mismatch.describe(recorded), actual: Mismatch.describe(block))
        }
    }

    private func mismatch(_ recorded: String, _ text: String) -> Mismatch? { compare(recorded, names.record(text)) }

    private func mismatch(_ recorded: JSON, _ json: JSON) -> Mismatch? {
        let actual = names.record(json)
        return recorded == actual ? nil : Mismatch.between(recorded.text, actual.text)
    }

    private func compare(_ recorded: String, _ text: String) -> Mismatch? {
        if recorded == text { return nil }
        let (expected, actual) = (VaryingText.normalised(recorded), VaryingText.normalised(text))
        return expected == actual ? nil : Mismatch.between(expected, actual)
    }
}
