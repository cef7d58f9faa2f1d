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

    /// Sends a signal to the command's process group.
    func signal(_ number: Int32) async
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
