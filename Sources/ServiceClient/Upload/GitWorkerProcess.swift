import Dispatch
import GitWorkerProtocol
import JSONRPC
import Spawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The helper program that works on the user's repository, for as long as something is to be done there.
public struct GitWorkerProcess: Sendable {
    private let connection: Connection
    private let running: Task<Void, Never>
    private let process: pid_t

    /// Starts the program: the one beside this program, else on `PATH`.
    /// - Throws: `ServiceClientError.configuration` when there is none, or it does not start.
    public init(_ configuration: ServiceClientConfiguration) throws(ServiceClientError) {
        guard let program = configuration.program(named: "cofferdam-git") else {
            throw .configuration("the program cofferdam-git was found neither beside this program nor on PATH")
        }
        var requests: [Int32] = [-1, -1]
        var answers: [Int32] = [-1, -1]
        guard pipe(&requests) == 0 else { throw Self.failure(errno) }
        guard pipe(&answers) == 0 else {
            let number = errno
            for end in requests { _ = close(end) }
            throw Self.failure(number)
        }
        for end in requests + answers { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let start = ProgramStart(
            programs: [program], arguments: [program], environment: configuration.environment,
            descriptors: [requests[0], answers[1], 2])
        let started = Result { () throws(ProgramStart.Failure) in try start.start() }
        _ = close(requests[0])
        _ = close(answers[1])
        switch started {
        case .success(let started): process = started
        case .failure(let failure):
            _ = close(requests[1])
            _ = close(answers[0])
            throw Self.failure(failure.number)
        }
        // A list of all objects of a large workspace is one message.
        let transport = StdioTransport(
            input: answers[0], output: requests[1], framing: .contentLength,
            options: .init(maxUnreadBytes: 64 << 20, ownsDescriptors: true))
        let connection = Connection(transport: transport, router: Router())
        self.connection = connection
        running = Task { await connection.run() }
    }

    /// - Throws: `ResponseError` with what went wrong, for the user.
    public func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result {
        do {
            return try await connection.request(type, params)
        } catch let error as ConnectionError where error == .closed {
            throw ServiceClientError.configuration("cofferdam-git ended while it worked on \(R.method)")
        }
    }

    /// Ends the program.
    public func end() async {
        await connection.close()
        await running.value
        let process = process
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            DispatchQueue.global().async {
                var status: Int32 = 0
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                continuation.resume()
            }
        }
    }

    private static func failure(_ number: Int32) -> ServiceClientError {
        .configuration("cofferdam-git cannot be started: \(String(cString: strerror(number)))")
    }
}
