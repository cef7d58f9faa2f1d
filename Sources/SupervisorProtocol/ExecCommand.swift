/// A command as the supervisor gets it: complete, with nothing left to look up but the program.
public struct ExecCommand: Sendable, Equatable {
    public var id: ExecID
    public var arguments: [String]
    /// `NAME=value` entries; the command gets these and no others.
    public var environment: [String]
    public var directory: String
    /// Zero for none.
    public var timeoutMilliseconds: Int
    public var graceMilliseconds: Int
    /// Most bytes to keep of each stream.
    public var outputLimit: Int
    public var standardInput: [UInt8]?
    /// A pseudo-terminal of this size as the command's terminal and standard streams; nil for none.
    public var terminal: TerminalCells?
    /// Standard input stays open for `input` requests.
    public var interactiveInput: Bool

    public init(
        id: ExecID, arguments: [String], environment: [String], directory: String, timeoutMilliseconds: Int,
        graceMilliseconds: Int, outputLimit: Int, standardInput: [UInt8]?, terminal: TerminalCells? = nil,
        interactiveInput: Bool = false
    ) {
        self.id = id
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.timeoutMilliseconds = timeoutMilliseconds
        self.graceMilliseconds = graceMilliseconds
        self.outputLimit = outputLimit
        self.standardInput = standardInput
        self.terminal = terminal
        self.interactiveInput = interactiveInput
    }

    /// Longest time that may be asked for (a year), so that sums of times never overflow.
    static let maximumMilliseconds = 366 * 86_400_000

    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(arguments)
        writer.write(environment)
        writer.write(directory)
        writer.write(UInt64(clamping: timeoutMilliseconds))
        writer.write(UInt64(clamping: graceMilliseconds))
        writer.write(UInt64(clamping: outputLimit))
        writer.write(standardInput != nil)
        if let standardInput { writer.write(standardInput) }
        writer.write(terminal != nil)
        if let terminal { terminal.write(to: &writer) }
        writer.write(interactiveInput)
    }

    init(from reader: inout ByteReader) throws(ProtocolError) {
        id = try reader.readID()
        arguments = try reader.readTexts()
        environment = try reader.readTexts()
        directory = try reader.readText(atMost: ProtocolLimits.maximumPath)
        timeoutMilliseconds = try reader.readCount("timeout", atMost: Self.maximumMilliseconds)
        graceMilliseconds = try reader.readCount("grace", atMost: Self.maximumMilliseconds)
        outputLimit = try reader.readCount("outputLimit")
        standardInput = try reader.readBool("hasInput") ? try reader.readBytes() : nil
        terminal = try reader.readBool("hasTerminal") ? try TerminalCells(from: &reader) : nil
        interactiveInput = try reader.readBool("interactiveInput")
        guard !arguments.isEmpty else { throw .invalidValue("arguments") }
    }

    /// A fingerprint that tells a repeated request from another one under the same id (FNV-1a; not for adversaries).
    public var fingerprint: UInt64 {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
