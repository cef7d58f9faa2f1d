import AgentProtocol
import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Print what was recorded of a session's models, for `cofferdam replay`.",
        discussion: """
            A session is recorded when it is started with `cofferdam run --record FILE`, where the service permits it. The \
            recording holds what models read, source code included; keys and other secrets are removed.
            """)

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?

    func run() async throws {
        try await ServiceSession.with { service in
            let id = try await service.resolve(session).sessionId
            try await Self.pieces(id, service) { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                // Pieces may end within a character, which only a terminal would show.
                if Terminal.outputIsTerminal { return Terminal.out(Terminal.harmless(text)) }
                try RecordingOutput(descriptor: 1).write(bytes)
            }
        }
    }

    /// Writes a session's recording into a file, which only its owner can read.
    static func write(_ id: String, to path: String, _ service: ServiceSession) async throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        try await pieces(id, service) { try RecordingOutput(descriptor: descriptor).write($0) }
    }

    private static func pieces(
        _ id: String, _ service: ServiceSession, _ take: ([UInt8]) throws -> Void
    ) async throws {
        var offset = 0
        var end: Int?
        repeat {
            let piece = try await service.client.call(
                AgentRecording.self, AgentRecording.Params(sessionId: id, offset: offset))
            guard let bytes = Base64.decode(piece.data) else {
                throw ValidationError("the service sent no base64")
            }
            // A session that runs on goes on with its recording: what was there at first is whole.
            let whole = end ?? piece.bytes
            end = whole
            let wanted = Array(bytes.prefix(whole - offset))
            if wanted.isEmpty { return }
            try take(wanted)
            offset += wanted.count
        } while offset < end ?? 0
    }
}

/// Writes all bytes, or says why not.
private struct RecordingOutput {
    let descriptor: Int32

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw ValidationError("the recording cannot be written: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }
}

#if canImport(Glibc)
    private let systemWrite = Glibc.write
#else
    private let systemWrite = Darwin.write
#endif
