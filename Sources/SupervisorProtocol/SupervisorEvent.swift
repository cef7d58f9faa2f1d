/// A message from the supervisor to the service.
public enum SupervisorEvent: Sendable, Equatable {
    /// Answer to `hello`.
    case welcome(version: UInt16)
    case accepted(ExecID)
    case refused(ExecID, Refusal)
    case output(ExecID, token: UInt64, stream: OutputStream, offset: Int, bytes: [UInt8])
    /// The command has ended; output may still follow, up to the bytes that the record says were kept.
    case exited(ExecID, ExitRecord)
    case file(UInt64, FileReply)
    /// Answer to `attach` for a command that is known; `refused` otherwise.
    case attached(ExecID, token: UInt64, InputState)
    /// The interactive input of an attached command has moved on.
    case input(ExecID, InputState)
    /// Last message of a connection that a newer one took the place of.
    case replaced
    /// Answer to `ping`.
    case pong(UInt64)
    /// The supervisor gives up; the text says why.
    case failed(String)

    public enum Refusal: UInt8, Sendable, Equatable {
        /// The id is known for a different command.
        case conflict = 1
        case tooManyRunning
        case unknownID
        /// The journal cannot be written.
        case journal
    }

    private enum Kind: UInt8 {
        case welcome = 129
        case accepted, refused, output, exited, file, failed, attached, input, replaced, pong
    }

    /// The complete frame.
    public func encoded() -> [UInt8] {
        switch self {
        case .welcome(let version):
            var writer = ByteWriter(type: Kind.welcome.rawValue)
            writer.write(ProtocolLimits.magic)
            writer.write(version)
            return writer.finish()
        case .accepted(let id):
            var writer = ByteWriter(type: Kind.accepted.rawValue)
            writer.write(id)
            return writer.finish()
        case .refused(let id, let refusal):
            var writer = ByteWriter(type: Kind.refused.rawValue)
            writer.write(id)
            writer.write(refusal.rawValue)
            return writer.finish()
        case .output(let id, let token, let stream, let offset, let bytes):
            var writer = ByteWriter(type: Kind.output.rawValue, capacity: bytes.count + 32)
            writer.write(id)
            writer.write(token)
            writer.write(stream.rawValue)
            writer.write(UInt64(clamping: offset))
            writer.write(bytes)
            return writer.finish()
        case .exited(let id, let record):
            var writer = ByteWriter(type: Kind.exited.rawValue, capacity: 160)
            writer.write(id)
            record.write(to: &writer)
            return writer.finish()
        case .file(let number, let reply):
            var writer = ByteWriter(type: Kind.file.rawValue)
            writer.write(number)
            reply.write(to: &writer)
            return writer.finish()
        case .attached(let id, let token, let state):
            var writer = ByteWriter(type: Kind.attached.rawValue)
            writer.write(id)
            writer.write(token)
            state.write(to: &writer)
            return writer.finish()
        case .input(let id, let state):
            var writer = ByteWriter(type: Kind.input.rawValue)
            writer.write(id)
            state.write(to: &writer)
            return writer.finish()
        case .replaced:
            return ByteWriter(type: Kind.replaced.rawValue).finish()
        case .pong(let number):
            var writer = ByteWriter(type: Kind.pong.rawValue)
            writer.write(number)
            return writer.finish()
        case .failed(let text):
            var writer = ByteWriter(type: Kind.failed.rawValue)
            writer.write(text)
            return writer.finish()
        }
    }

    public init(_ frame: FrameDecoder.Frame) throws(ProtocolError) {
        guard let kind = Kind(rawValue: frame.type) else { throw .unknownMessage(frame.type) }
        var reader = ByteReader(frame.payload)
        switch kind {
        case .welcome:
            guard try reader.read(UInt32.self) == ProtocolLimits.magic else { throw .wrongPeer }
            self = .welcome(version: try reader.read())
        case .accepted:
            self = .accepted(try reader.readID())
        case .refused:
            let id = try reader.readID()
            guard let refusal = Refusal(rawValue: try reader.read()) else { throw .invalidValue("refusal") }
            self = .refused(id, refusal)
        case .output:
            let id = try reader.readID()
            let token: UInt64 = try reader.read()
            guard let stream = OutputStream(rawValue: try reader.read()) else { throw .invalidValue("stream") }
            let offset = try reader.readCount("offset", atMost: .max / 2)
            self = .output(
                id, token: token, stream: stream, offset: offset,
                bytes: try reader.readBytes(atMost: ProtocolLimits.outputChunk))
        case .exited:
            self = .exited(try reader.readID(), try ExitRecord(from: &reader))
        case .file:
            self = .file(try reader.read(), try FileReply(from: &reader))
        case .attached:
            self = .attached(try reader.readID(), token: try reader.read(), try InputState(from: &reader))
        case .input:
            self = .input(try reader.readID(), try InputState(from: &reader))
        case .replaced:
            self = .replaced
        case .pong:
            self = .pong(try reader.read())
        case .failed:
            self = .failed(try reader.readText(atMost: 8 << 10))
        }
        try reader.expectEnd()
    }
}
