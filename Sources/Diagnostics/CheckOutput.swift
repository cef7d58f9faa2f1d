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

    public init(
        command: [String], stdout: [UInt8], stderr: [UInt8], workingDirectory: String, workspaceRoot: String,
        parser: String? = nil
    ) {
        self.command = command
        self.stdout = stdout
        self.stderr = stderr
        self.workingDirectory = workingDirectory
        self.workspaceRoot = workspaceRoot
        self.parser = parser
    }
}
