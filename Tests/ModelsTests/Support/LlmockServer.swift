import AsyncHTTPClient
import Dispatch
import JSON
import NIOCore
import NIOHTTP1
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The independent fake of the vendors' APIs: `llmock` of PyPI, a process of its own.
struct LlmockServer {
    enum Failure: Error {
        case couldNotStart(String)
        case adminCallFailed(String)
    }

    let url: String

    /// Path of the program, which the environment variable `COFFERDAM_LLMOCK` gives.
    static var program: String? { environmentVariable("COFFERDAM_LLMOCK") }

    /// Runs `body` with a server that ends afterwards.
    static func with<Result>(
        _ arguments: [String] = [], _ body: (LlmockServer) async throws -> Result
    ) async throws -> Result {
        guard let program else { throw Failure.couldNotStart("COFFERDAM_LLMOCK is not set") }
        let (port, process) = try await running(program, arguments)
        defer {
            // Asked politely it would wait until our pooled connections are closed.
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        return try await body(LlmockServer(url: "http://127.0.0.1:\(port)"))
    }

    /// A port that was free a moment ago may be another's by the time that the program is up.
    private static func running(_ program: String, _ arguments: [String]) async throws -> (port: Int, process: pid_t) {
        var said = ""
        for _ in 0..<5 {
            let port = try await withUnusedPort { $0 }
            let (process, output) = try start([program, "serve", "--port", String(port)] + arguments)
            said = await beginning(of: output, upTo: "running on")
            if said.contains("running on") { return (port, process) }
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        throw Failure.couldNotStart(said)
    }

    /// Forgets what was before, and queues what the fake is to do.
    func script(_ behaviours: JSON...) async throws {
        _ = try await call(.POST, "reset")
        _ = try await call(.POST, "scenario", ["behaviors": .array(behaviours)])
    }

    /// What the fake found wrong with its client; empty when nothing.
    func findings() async throws -> [String] {
        let verdict = try await call(.GET, "verdict")
        guard let findings = verdict["findings"]?.arrayValue, verdict["calls"]?.intValue ?? 0 > 0 else {
            throw Failure.adminCallFailed("a verdict without calls: \(verdict.text)")
        }
        return findings.map(\.text)
    }

    private func call(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        var request = HTTPClientRequest(url: "\(url)/_llmock/\(path)")
        request.method = method
        if let body { request.body = .bytes(ByteBuffer(bytes: body.serialized())) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 1 << 20)
        guard response.status.code < 300 else { throw Failure.adminCallFailed(String(buffer: bytes)) }
        return try JSON(parsing: bytes.readableBytesView)
    }

    /// Starts a program; its output, both streams of it, can be read from the returned descriptor.
    private static func start(_ command: [String]) throws -> (pid_t, Int32) {
        let ends = try PrivatePipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends.writeEnd, 1)
        posix_spawn_file_actions_adddup2(&actions, ends.writeEnd, 2)
        var process: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let status = posix_spawn(&process, command[0], &actions, nil, &arguments, environ)
        close(ends.writeEnd)
        guard status == 0 else {
            close(ends.readEnd)
            throw Failure.couldNotStart("\(command[0]): \(String(cString: strerror(status)))")
        }
        return (process, ends.readEnd)
    }

    /// What a program says until `part` comes or it ends. What it says later is read too, and dropped: a pipe that
    /// is full would hold it up. Closes the descriptor at its end.
    private static func beginning(of descriptor: Int32, upTo part: String) async -> String {
        await withCheckedContinuation { continuation in
            // A thread of its own, as it waits.
            DispatchQueue(label: "llmock").async {
                var text = ""
                var waiting: CheckedContinuation<String, Never>? = continuation
                var buffer = [UInt8](repeating: 0, count: 4096)
                while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
                    guard let found = waiting else { continue }
                    text += String(decoding: buffer[..<count], as: UTF8.self)
                    if text.contains(part) {
                        found.resume(returning: text)
                        waiting = nil
                    }
                }
                waiting?.resume(returning: text)
                close(descriptor)
            }
        }
    }
}
