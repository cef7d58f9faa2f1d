import JSON

@testable import Models

/// An answer, to be written down as each vendor sends it (their public references of streams).
struct WireTurn: Sendable {
    enum End: Sendable { case done, calls, length, refusal }

    struct Call: Sendable {
        var id: String
        var name: String
        /// The raw text.
        var arguments: String
    }

    var reasoning: [String] = []
    var text: [String] = []
    var calls: [Call] = []
    var end = End.done
    /// Events of kinds that we do not know, in between.
    var hasUnknownEvents = false

    static let greeting = WireTurn(text: ["Grüße ", "👋"])
    static let parallel = WireTurn(
        reasoning: ["Let me ", "look."], text: ["I read."],
        calls: [
            Call(id: "call_1", name: "read_file", arguments: #"{"path": "a.c", "note": "Grüße 👋"}"#),
            Call(id: "call_2", name: "list_files", arguments: "{}"),
        ], end: .calls)

    func bytes(_ vendor: Vendor) -> [UInt8] { frames(vendor).flatMap(\.bytes) }

    /// Everything up to the first text, and nothing after.
    func beginning(_ vendor: Vendor) -> [UInt8] {
        let frames = frames(vendor)
        let end = frames.firstIndex(where: \.isText) ?? 0
        return frames[...end].flatMap(\.bytes)
    }

    struct Frame {
        var bytes: [UInt8]
        var isText: Bool
    }

    private func frames(_ vendor: Vendor) -> [Frame] {
        let events =
            switch vendor {
            case .anthropic: anthropic
            case .openai: chat
            case .responses: responses
            case .gemini: gemini
            case .bedrock: bedrock
            case .command: command
            }
        return events.enumerated().map { index, event in
            let text = event.json?.text ?? "[DONE]"
            let bytes: [UInt8] =
                switch vendor {
                case .anthropic, .responses: Array("event: \(event.name)\ndata: \(text)\n\n".utf8)
                case .openai: Array("data: \(text)\n\n".utf8)
                // Google ends lines as HTTP does.
                case .gemini: Array("data: \(text)\r\n\r\n".utf8)
                case .bedrock: EventStreamWriter.message(name: event.name, payload: Array(text.utf8))
                case .command: Array("\(text)\n".utf8)
                }
            return Frame(bytes: bytes, isText: event.isText)
        }
    }

    /// What every vendor's usage comes to.
    static func usage(_ vendor: Vendor) -> ModelUsage {
        let writes = vendor == .anthropic || vendor == .bedrock || vendor == .command
        let tellsReasoning = vendor != .anthropic && vendor != .bedrock
        return ModelUsage(
            input: 20, output: 30, cacheRead: 100, cacheWrite: writes ? 7 : 0, reasoning: tellsReasoning ? 12 : 0)
    }
}

/// One event of a vendor's stream.
struct WireEvent {
    var name = ""
    var json: JSON?
    var isText = false
}

/// Messages of AWS event streams, written by the format's description.
enum EventStreamWriter {
    static func message(name: String, payload: [UInt8], isException: Bool = false) -> [UInt8] {
        let headers =
            header(":message-type", isException ? "exception" : "event")
            + header(isException ? ":exception-type" : ":event-type", name)
            + header(":content-type", "application/json")
        return message(headers: headers, payload: payload)
    }

    static func message(headers: [UInt8], payload: [UInt8]) -> [UInt8] {
        var bytes = word(UInt32(16 + headers.count + payload.count)) + word(UInt32(headers.count))
        bytes += word(CRC32.checksum(bytes))
        bytes += headers + payload
        return bytes + word(CRC32.checksum(bytes))
    }

    static func header(_ name: String, _ value: String) -> [UInt8] {
        let bytes = Array(value.utf8)
        return [UInt8(name.utf8.count)] + Array(name.utf8) + [7, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)]
            + bytes
    }

    static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
