import AsyncHTTPClient
import JSON
import NIOCore
import NIOPosix
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `Tests/EndToEnd/fake_forges.py`, a process of its own.
struct FakeForgesServer {
    enum Failure: Error {
        case couldNotStart
    }

    let url: String

    /// The interpreter with what the servers need, which the environment variable `COFFERDAM_PYTHON` gives.
    static var python: String? { getenv("COFFERDAM_PYTHON").map { String(cString: $0) } }

    private static var program: String {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/EndToEnd/fake_forges.py"
    }

    /// Runs `body` with servers that end afterwards: their input ends.
    static func with<Result>(_ body: (FakeForgesServer) async throws -> Result) async throws -> Result {
        guard let python else { throw Failure.couldNotStart }
        let (input, output) = (try PrivatePipe(), try PrivatePipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.readEnd, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writeEnd, 1)
        var process: pid_t = 0
        let command: [String] = [python, program]
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let code = posix_spawn(&process, python, &actions, nil, &words, environ)
        close(input.readEnd)
        close(output.writeEnd)
        defer {
            close(input.writeEnd)
            close(output.readEnd)
            if code == 0 { waitpid(process, nil, 0) }
        }
        guard code == 0 else { throw Failure.couldNotStart }
        let reading = output.readEnd
        let line = try await NIOThreadPool.singleton.runIfActive { firstLine(of: reading) }
        guard line.hasPrefix("port "), let port = Int(line.dropFirst(5)) else { throw Failure.couldNotStart }
        return try await body(FakeForgesServer(url: "http://127.0.0.1:\(port)"))
    }

    private static func firstLine(of descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 100, read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a client sent, or the server answered, that the published descriptions do not allow.
    func findings() async throws -> [String] {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: "\(url)/_fake/state"), timeout: .seconds(60))
        let state = try JSON(parsing: Array(try await response.body.collect(upTo: 1 << 20).readableBytesView))
        return (state["findings"]?.arrayValue ?? []).map(\.text)
    }
}
