import AgentProtocol
import Sandbox
import Store

/// Writes what a command prints into the log, each byte once, whichever service read it first.
struct OutputLogger {
    private let itemId: String
    private let log: EventLog
    private var logged: KeptOutput
    private var encoders: (stdout: OutputEncoder, stderr: OutputEncoder)

    /// - Parameter logged: bytes that the log holds already.
    init(itemId: String, log: EventLog, logged: KeptOutput = KeptOutput()) {
        self.itemId = itemId
        self.log = log
        self.logged = logged
        encoders = (OutputEncoder(itemId: itemId, stream: .stdout), OutputEncoder(itemId: itemId, stream: .stderr))
    }

    /// Chunks come by offset without gaps; what the log holds of them is left out.
    mutating func take(_ chunk: OutputChunk) async throws {
        switch chunk.stream {
        case .stdout: try await append(encoders.stdout.encode(chunk, after: logged.stdout))
        case .stderr: try await append(encoders.stderr.encode(chunk, after: logged.stderr))
        }
    }

    /// What is held back as the beginning of a character is all that there is.
    mutating func finish() async throws {
        try await append(encoders.stdout.finish())
        try await append(encoders.stderr.finish())
    }

    private mutating func append(_ event: AgentEvent?) async throws {
        guard let event else { return }
        // The position is kept in the event's own transaction: it is neither ahead of the log nor behind it.
        logged.stdout = max(logged.stdout, encoders.stdout.end)
        logged.stderr = max(logged.stderr, encoders.stderr.end)
        let text = #"{"stdout":\#(logged.stdout),"stderr":\#(logged.stderr)}"#
        try await log.append(event, keeping: [KeptChange(KeptKey.output(itemId), Array(text.utf8))])
    }
}

extension OutputEncoder {
    /// - Parameter logged: offset of the first byte that the log does not hold.
    fileprivate mutating func encode(_ chunk: OutputChunk, after logged: Int) -> AgentEvent? {
        let known = min(max(0, logged - chunk.offset), chunk.bytes.count)
        guard known < chunk.bytes.count else { return nil }
        let bytes = known == 0 ? chunk.bytes : Array(chunk.bytes[known...])
        return encode(offset: chunk.offset + known, bytes: bytes)
    }
}
