/// What a check wrote, before anyone has made sense of it.
public struct CheckOutput: Sendable {
    /// The argument vector that ran; tells which parsers to ask first.
    public var command: [String]
    public var stdout: [UInt8]
    public var stderr: [UInt8]
    /// Where the command ran: an absolute path, as the sandbox sees it.
    public var workingDirectory: String
    /// The workspace folder: an absolute path, as the sandbox sees it.
    public var workspaceRoot: String
    /// Use this parser alone; absent: found by command and content. See `DiagnosticParsing.parserNames`.
    public var parser: String?
    /// Files that the command wrote beside its output: JUnit, SARIF, a stream of events. They are read before the
    /// output, whose text repeats them.
    public var reports: [Report]
    /// Parsers that the configuration describes. They are asked before the built-in ones, unless `parser` names another.
    public var configuredParsers: [ConfiguredParser]

    /// A file that a check wrote.
    public struct Report: Sendable {
        public var path: String
        public var bytes: [UInt8]

        public init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    public init(
        command: [String], stdout: [UInt8], stderr: [UInt8], workingDirectory: String, workspaceRoot: String,
        parser: String? = nil, reports: [Report] = [], configuredParsers: [ConfiguredParser] = []
    ) {
        self.command = command
        self.stdout = stdout
        self.stderr = stderr
        self.workingDirectory = workingDirectory
        self.workspaceRoot = workspaceRoot
        self.parser = parser
        self.reports = reports
        self.configuredParsers = configuredParsers
    }
}
