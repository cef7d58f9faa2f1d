import NIOCore
import NIOPosix
import Spawn
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A running program: its input and output, what it says on its standard error, and its end.
final class CommandProcess: Sendable {
    /// What it writes; ends when it has closed its output, fails when it is silent for too long.
    let output: AsyncThrowingStream<ByteBuffer, any Error>
    private let process: pid_t
    private let channel: any Channel
    private let errorChannel: any Channel
    private let complaints: Complaints

    /// Time between the wish and the order to end.
    private static let grace: Duration = .seconds(2)
    private static let pollInterval: Duration = .milliseconds(10)

    private init(
        _ process: pid_t, _ channel: any Channel, _ errorChannel: any Channel, _ complaints: Complaints,
        _ output: AsyncThrowingStream<ByteBuffer, any Error>
    ) {
        self.process = process
        self.channel = channel
        self.errorChannel = errorChannel
        self.complaints = complaints
        self.output = output
    }

    /// - Throws: ``ModelError/notConfigured(_:)`` when the program cannot be started.
    static func start(_ command: ModelCommand, limits: ModelLimits) async throws -> CommandProcess {
        let talk = try SocketPair()
        let complaint: SocketPair
        do {
            complaint = try SocketPair()
        } catch {
            talk.closeAll()
            throw error
        }
        let start = ProgramStart(
            programs: command.programs, arguments: command.arguments, environment: command.variables,
            descriptors: [talk.theirs, talk.theirs, complaint.theirs], directory: "/", isSessionLeader: true)
        let process: pid_t
        do throws(ProgramStart.Failure) {
            process = try start.start()
        } catch {
            talk.closeAll()
            complaint.closeAll()
            let reason = String(cString: strerror(error.number))
            throw ModelError.notConfigured(
                "The program \(EndpointFailure.quotable(command.arguments[0])) cannot be started: \(reason).")
        }
        close(talk.theirs)
        close(complaint.theirs)

        let (output, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let complaints = Complaints()
        let group = MultiThreadedEventLoopGroup.singleton
        do {
            let channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers([
                            IdleStateHandler(readTimeout: TimeAmount(limits.idleTimeout)),
                            OutputHandler(continuation, limits),
                        ])
                    }
                }
                .withConnectedSocket(talk.ours).get()
            let errorChannel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ComplaintHandler(complaints))
                    }
                }
                .withConnectedSocket(complaint.ours).get()
            return CommandProcess(process, channel, errorChannel, complaints, output)
        } catch {
            kill(-process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
    }

    /// Writes `bytes`, all of its input. A program that does not read them is none of our business.
    func write(_ bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess { [channel] in
            channel.close(mode: .output, promise: nil)
        }
    }

    /// Ends the program and all that it started: it is asked to, and made to when it does not.
    /// - Returns: how it ended and the last of what it complained of, for a person.
    func end() async -> String {
        // One that has closed its output is about to exit by itself, and its status tells why.
        let isLeaving = !channel.isActive
        if !isLeaving { try? await channel.close().get() }
        let hasLeft = isLeaving ? await waits { self.hasExited } : hasExited
        if !hasLeft {
            kill(-process, SIGTERM)
            _ = await waits { self.hasExited }
        }
        // Before it is waited for, so that the number of its group is still its own.
        kill(-process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        // Its last words may not have been read yet. One that it left behind may hold them open for ever.
        _ = await waits { !self.errorChannel.isActive }
        try? await errorChannel.close().get()  // Fails only when it is closed already, as the one above.
        let signal = status & 0x7F
        let manner = signal == 0 ? "exited with status \(status >> 8 & 0xFF)" : "was ended by signal \(signal)"
        let tail = complaints.text
        return "It \(manner)." + (tail.isEmpty ? "" : " It said: \(tail)")
    }

    /// Whether something came true within the grace.
    private func waits(until isTrue: @Sendable () -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + Self.grace
        while !isTrue() {
            if ContinuousClock.now >= deadline { return false }
            // Not in this task, whose cancellation would end the sleep at once.
            await Task.detached { try? await Task.sleep(for: Self.pollInterval) }.value
        }
        return true
    }

    private var hasExited: Bool {
        var info = siginfo_t()
        guard waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 else { return true }
        return info.si_signo != 0
    }
}

/// Two connected sockets, which programs that are started do not inherit. Unlike a pipe's, their end raises no signal.
private struct SocketPair {
    let ours: Int32
    let theirs: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw ModelError.network("No socket for the program: \(FileError.lastError().reason).")
        }
        (ours, theirs) = (ends[0], ends[1])
    }

    func closeAll() {
        close(ours)
        close(theirs)
    }
}

/// The end of what a program says on its standard error.
private final class Complaints: Sendable {
    private static let maximumBytes = 2048
    private let bytes = Mutex<[UInt8]>([])

    func append(_ part: some Sequence<UInt8>) {
        bytes.withLock { bytes in
            bytes.append(contentsOf: part)
            bytes.removeFirst(max(0, bytes.count - Self.maximumBytes))
        }
    }

    var text: String {
        ModelProviders.trimmed(EndpointFailure.quotable(String(decoding: bytes.withLock { $0 }, as: UTF8.self)))
    }
}

private final class ComplaintHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let complaints: Complaints

    init(_ complaints: Complaints) {
        self.complaints = complaints
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        complaints.append(unwrapInboundIn(data).readableBytesView)
    }
}

private final class OutputHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
    private let limits: ModelLimits
    private var received = 0

    init(_ continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation, _ limits: ModelLimits) {
        self.continuation = continuation
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let chunk = unwrapInboundIn(data)
        received += chunk.readableBytes
        guard received <= limits.maximumResponseBytes else {
            continuation.finish(throwing: ServerSentEventParser.TooLong(limit: limits.maximumResponseBytes))
            context.close(promise: nil)
            return
        }
        continuation.yield(chunk)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            continuation.finish(throwing: ModelError.stalled(after: limits.idleTimeout))
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
    }
}
