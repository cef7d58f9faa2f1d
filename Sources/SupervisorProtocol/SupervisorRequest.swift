/// A message from the service to the supervisor.
public enum SupervisorRequest: Sendable, Equatable {
    /// First message.
    case hello(version: UInt16)
    /// Answered by `accepted` or `refused`.
    case exec(ExecCommand)
    /// Send the output from these offsets, at most `window` bytes ahead of the credit given, and `exited` at the end.
    /// The token comes back with the output, so that what an earlier reader asked for is not taken for it.
    case attach(ExecID, token: UInt64, stdoutOffset: Int, stderrOffset: Int, window: Int)
    /// The reader has taken this many bytes.
    case credit(ExecID, token: UInt64, bytes: Int)
    /// Nobody reads the output any more. The command goes on.
    case detach(ExecID, token: UInt64)
    case signal(ExecID, number: Int32)
    /// SIGTERM, then SIGKILL after the grace. `limit` names the limit on whose behalf; empty is the client's own wish.
    case kill(ExecID, graceMilliseconds: Int, limit: String)
    /// Interactive input from this offset on. What was received already is left out, so that it may be sent again.
    case input(ExecID, offset: Int, bytes: [UInt8])
    /// No input after this offset.
    case closeInput(ExecID, offset: Int)
    case resize(ExecID, TerminalCells)
    /// Answered by a `file` event with the same number.
    case file(UInt64, FileRequest)
    /// Answered by `pong` with the same number at once: is anybody there?
    case ping(UInt64)

    private enum Kind: UInt8 {
        case hello = 1
        case exec, attach, credit, detach, signal, kill, file, input, closeInput, resize, ping
    }

    /// The complete frame.
    public func encoded() -> [UInt8] {
        switch self {
        case .hello(let version):
            var writer = ByteWriter(type: Kind.hello.rawValue)
            writer.write(ProtocolLimits.magic)
            writer.write(version)
            return writer.finish()
        case .exec(let command):
            var writer = ByteWriter(type: Kind.exec.rawValue, capacity: 4096)
            command.write(to: &writer)
            return writer.finish()
        case .attach(let id, let token, let stdoutOffset, let stderrOffset, let window):
            var writer = ByteWriter(type: Kind.attach.rawValue)
            writer.write(id)
            writer.write(token)
            writer.write(UInt64(clamping: stdoutOffset))
            writer.write(UInt64(clamping: stderrOffset))
            writer.write(UInt64(clamping: window))
            return writer.finish()
        case .credit(let id, let token, let bytes):
            var writer = ByteWriter(type: Kind.credit.rawValue)
            writer.write(id)
            writer.write(token)
            writer.write(UInt64(clamping: bytes))
            return writer.finish()
        case .detach(let id, let token):
            var writer = ByteWriter(type: Kind.detach.rawValue)
            writer.write(id)
            writer.write(token)
            return writer.finish()
        case .signal(let id, let number):
            var writer = ByteWriter(type: Kind.signal.rawValue)
            writer.write(id)
            writer.write(number)
            return writer.finish()
        case .kill(let id, let grace, let limit):
            var writer = ByteWriter(type: Kind.kill.rawValue)
            writer.write(id)
            writer.write(UInt64(clamping: grace))
            writer.write(limit)
            return writer.finish()
        case .input(let id, let offset, let bytes):
            var writer = ByteWriter(type: Kind.input.rawValue, capacity: bytes.count + 32)
            writer.write(id)
            writer.write(UInt64(clamping: offset))
            writer.write(bytes)
            return writer.finish()
        case .closeInput(let id, let offset):
            var writer = ByteWriter(type: Kind.closeInput.rawValue)
            writer.write(id)
            writer.write(UInt64(clamping: offset))
            return writer.finish()
        case .resize(let id, let cells):
            var writer = ByteWriter(type: Kind.resize.rawValue)
            writer.write(id)
            cells.write(to: &writer)
            return writer.finish()
        case .file(let number, let request):
            var writer = ByteWriter(type: Kind.file.rawValue)
            writer.write(number)
            request.write(to: &writer)
            return writer.finish()
        case .ping(let number):
            var writer = ByteWriter(type: Kind.ping.rawValue)
            writer.write(number)
            return writer.finish()
        }
    }

    public init(_ frame: FrameDecoder.Frame) throws(ProtocolError) {
        guard let kind = Kind(rawValue: frame.type) else { throw .unknownMessage(frame.type) }
        var reader = ByteReader(frame.payload)
        switch kind {
        case .hello:
            guard try reader.read(UInt32.self) == ProtocolLimits.magic else { throw .wrongPeer }
            self = .hello(version: try reader.read())
        case .exec:
            self = .exec(try ExecCommand(from: &reader))
        case .attach:
            self = .attach(
                try reader.readID(), token: try reader.read(), stdoutOffset: try reader.readCount("stdoutOffset"),
                stderrOffset: try reader.readCount("stderrOffset"),
                window: try reader.readCount("window", atMost: ProtocolLimits.maximumWindow))
        case .credit:
            self = .credit(
                try reader.readID(), token: try reader.read(),
                bytes: try reader.readCount("credit", atMost: ProtocolLimits.maximumWindow))
        case .detach:
            self = .detach(try reader.readID(), token: try reader.read())
        case .signal:
            self = .signal(try reader.readID(), number: try reader.read())
        case .kill:
            self = .kill(
                try reader.readID(),
                graceMilliseconds: try reader.readCount("grace", atMost: ExecCommand.maximumMilliseconds),
                limit: try reader.readText(atMost: ProtocolLimits.maximumName))
        case .input:
            self = .input(
                try reader.readID(), offset: try reader.readCount("offset", atMost: .max / 2),
                bytes: try reader.readBytes(atMost: ProtocolLimits.inputPart))
        case .closeInput:
            self = .closeInput(try reader.readID(), offset: try reader.readCount("offset", atMost: .max / 2))
        case .resize:
            self = .resize(try reader.readID(), try TerminalCells(from: &reader))
        case .file:
            self = .file(try reader.read(), try FileRequest(from: &reader))
        case .ping:
            self = .ping(try reader.read())
        }
        try reader.expectEnd()
    }
}
