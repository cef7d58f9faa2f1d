import SupervisorProtocol

/// A command that was accepted.
public protocol ExecHandle: Sendable {
    var id: ExecID { get }

    /// What the command prints, as it appears. One reader; chunks of one stream come in order of their offsets, without gaps.
    ///
    /// Buffering is bounded: a reader that stops reading stops only this delivery, neither the command nor ``result()``.
    /// Ends after the last byte, when the sandbox is lost, or when the reading task is cancelled.
    var output: ExecOutput { get }

    /// Waits for the end of the command. Task cancellation does not end the wait: use ``cancel()``.
    func result() async throws -> ExecResult

    /// SIGTERM to the command and all that it started, SIGKILL after the request's grace. Returns once the request is sent.
    func cancel() async

    /// Like ``cancel()``, with the result `.killed(by: killer)`.
    func kill(by killer: ExecResult.Killer) async

    /// Sends a signal to the command and all that it started, wherever it moved to (other sessions, double forks).
    func signal(_ number: Int32) async

    /// Gives the command bytes to read; of a request with `interactiveInput` or a `terminal` only.
    ///
    /// Returns once they are on their way, which waits while the command does not read: at most
    /// ``ExecRequest/inputWindow`` bytes are under way. Bytes of calls that overlap are not mixed.
    /// Throws ``SandboxError/inputClosed(_:)`` when the command reads no more (it closed its input, or has ended).
    func write(_ bytes: [UInt8]) async throws

    /// No more input: the command sees the end of its input after what was written before. On a terminal it is the
    /// end-of-file character (Control-D), which counts only where the program reads lines.
    func closeInput() async

    /// Changes the size of the command's terminal; its foreground programs get SIGWINCH. Without a terminal nothing happens.
    func resize(_ size: TerminalSize) async
}

extension ExecHandle {
    public func kill(by killer: ExecResult.Killer) async { await cancel() }
    public func write(_ bytes: [UInt8]) async throws { throw SandboxError.inputClosed(id) }
    public func closeInput() async {}
    public func resize(_ size: TerminalSize) async {}
}

/// Bytes of one output stream.
public struct OutputChunk: Sendable, Equatable {
    public var stream: OutputStream
    /// Offset of the first byte in its stream.
    public var offset: Int
    public var bytes: [UInt8]

    public init(stream: OutputStream, offset: Int, bytes: [UInt8]) {
        self.stream = stream
        self.offset = offset
        self.bytes = bytes
    }
}

/// Which output stream of a command.
public typealias OutputStream = SupervisorProtocol.OutputStream
