/// How a command ended. Written to the journal and flushed to disk before anybody is told.
public struct ExitRecord: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// The program never ran: errno and a sentence.
        case couldNotStart(errno: Int32, message: String)
        /// It has ended, but how could not be written down; the text says why.
        case unrecorded(String)
    }

    public enum Killer: UInt8, Sendable, Equatable {
        case nobody = 0
        case timeout = 1
        case client = 2
        /// A limit, see ``ExitRecord/limit``.
        case limit = 3
    }

    /// Of the request, to tell a repeated one from another.
    public var fingerprint: UInt64
    public var end: End
    /// Who began to kill the command before it ended, if anybody.
    public var killedBy: Killer
    /// Name of the limit that it was killed for; empty otherwise.
    public var limit: String
    /// SIGKILL came from the kernel because memory ran out.
    public var outOfMemory: Bool
    /// Processes of the sandbox that met that fate while the command ran.
    public var outOfMemoryKills: Int
    public var cpuMicroseconds: Int
    public var peakKiB: Int
    public var startedAtMilliseconds: Int
    public var endedAtMilliseconds: Int
    public var durationNanoseconds: Int
    /// Bytes printed and bytes kept; more printed than kept means that the rest was thrown away.
    public var stdoutBytes: Int
    public var stdoutKept: Int
    public var stderrBytes: Int
    public var stderrKept: Int
    /// errno of the write to the journal after which nothing more was kept; 0 when the limit alone cut it off.
    public var stdoutError: Int32
    public var stderrError: Int32
    public var pipesHeldOpen: Bool
    public var survivors: Int

    public init(fingerprint: UInt64, end: End) {
        self.fingerprint = fingerprint
        self.end = end
        killedBy = .nobody
        limit = ""
        outOfMemory = false
        outOfMemoryKills = 0
        cpuMicroseconds = 0
        peakKiB = 0
        startedAtMilliseconds = 0
        endedAtMilliseconds = 0
        durationNanoseconds = 0
        stdoutBytes = 0
        stdoutKept = 0
        stderrBytes = 0
        stderrKept = 0
        stdoutError = 0
        stderrError = 0
        pipesHeldOpen = false
        survivors = 0
    }

    public func kept(_ stream: OutputStream) -> Int {
        stream == .stdout ? stdoutKept : stderrKept
    }

    func write(to writer: inout ByteWriter) {
        writer.write(fingerprint)
        switch end {
        case .exited(let code):
            writer.write(UInt8(0))
            writer.write(code)
        case .signalled(let number):
            writer.write(UInt8(1))
            writer.write(number)
        case .couldNotStart(let errno, let message):
            writer.write(UInt8(2))
            writer.write(errno)
            writer.write(message)
        case .unrecorded(let message):
            writer.write(UInt8(3))
            writer.write(message)
        }
        writer.write(killedBy.rawValue)
        writer.write(limit)
        writer.write(outOfMemory)
        for number in [
            cpuMicroseconds, peakKiB, startedAtMilliseconds, endedAtMilliseconds, durationNanoseconds, stdoutBytes,
            stdoutKept, stderrBytes, stderrKept, survivors, outOfMemoryKills,
        ] { writer.write(UInt64(clamping: number)) }
        writer.write(stdoutError)
        writer.write(stderrError)
        writer.write(pipesHeldOpen)
    }

    init(from reader: inout ByteReader) throws(ProtocolError) {
        fingerprint = try reader.read()
        switch try reader.read(UInt8.self) {
        case 0: end = .exited(try reader.read())
        case 1: end = .signalled(try reader.read())
        case 2: end = .couldNotStart(errno: try reader.read(), message: try reader.readText(atMost: 8 << 10))
        case 3: end = .unrecorded(try reader.readText(atMost: 8 << 10))
        default: throw .invalidValue("end")
        }
        guard let killer = Killer(rawValue: try reader.read()) else { throw .invalidValue("killedBy") }
        killedBy = killer
        limit = try reader.readText(atMost: ProtocolLimits.maximumName)
        outOfMemory = try reader.readBool("outOfMemory")
        cpuMicroseconds = try reader.readCount("cpu")
        peakKiB = try reader.readCount("peak")
        startedAtMilliseconds = try reader.readCount("start")
        endedAtMilliseconds = try reader.readCount("end")
        durationNanoseconds = try reader.readCount("duration")
        stdoutBytes = try reader.readCount("stdout")
        stdoutKept = try reader.readCount("stdoutKept", atMost: stdoutBytes)
        stderrBytes = try reader.readCount("stderr")
        stderrKept = try reader.readCount("stderrKept", atMost: stderrBytes)
        survivors = try reader.readCount("survivors")
        outOfMemoryKills = try reader.readCount("outOfMemoryKills")
        stdoutError = try reader.read()
        stderrError = try reader.read()
        pipesHeldOpen = try reader.readBool("pipesHeldOpen")
    }

    /// Version of the records in the journal, which may be read by a later service than the one that made it.
    public static let journalVersion: UInt16 = 2

    /// The contents of the journal's `.exit` file.
    public func journalBytes() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(ProtocolLimits.magic)
        writer.write(Self.journalVersion)
        write(to: &writer)
        // A file that a crash cut short lacks this.
        writer.write(ProtocolLimits.magic)
        return writer.bytes
    }

    /// Reads an `.exit` file; anything that is not complete is an error.
    public init(journalBytes: [UInt8]) throws(ProtocolError) {
        var reader = ByteReader(journalBytes)
        guard try reader.read(UInt32.self) == ProtocolLimits.magic else { throw .wrongPeer }
        let version: UInt16 = try reader.read()
        guard version == Self.journalVersion else { throw .versionMismatch(version) }
        self = try ExitRecord(from: &reader)
        guard try reader.read(UInt32.self) == ProtocolLimits.magic else { throw .truncated }
        try reader.expectEnd()
    }
}
