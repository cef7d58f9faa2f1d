import AgentProtocol
import JSONRPC
import ServiceClient
import Testing
import WebSocket

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The real program, started by real clients.
@Suite(.enabled(if: TestProgram.built("cofferdamd") != nil, "cofferdamd is not built"))
struct EmbeddedStartTests {
    private func configuration(_ directory: String, arguments: [String] = []) -> ServiceClientConfiguration {
        ServiceClientConfiguration(
            servicePath: TestProgram.built("cofferdamd"),
            serviceArguments: ["--state-directory", directory + "/state"] + arguments,
            local: LocalService(directory: directory + "/run"), clientInfo: ProgramInfo(name: "test"),
            environment: ["PATH": "/usr/bin:/bin", "HOME": directory])
    }

    private func client(_ configuration: ServiceClientConfiguration) -> ServiceClient {
        ServiceClient(configuration: configuration, handlers: ServiceClientHandlers())
    }

    /// The process that has the service's socket.
    private func servicePID(_ directory: String) throws -> pid_t {
        let text = String(
            decoding: try SmallFile.read(directory + "/run/service.sock.lock", maxBytes: 100), as: UTF8.self)
        guard let pid = pid_t(text.dropLast()) else { throw TestFailure("no pid in the lock: \(text)") }
        return pid
    }

    private func stopService(_ directory: String) async throws {
        let pid = try servicePID(directory)
        kill(pid, SIGTERM)
        while kill(pid, 0) == 0 {
            // A child of this process stays as a zombie until it is waited for.
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid { break }
            await Task.yield()
        }
    }

    @Test func racingClientsStartOne() async throws {
        try await withTemporaryDirectory { directory in
            let configuration = configuration(directory)
            let clients = (0..<8).map { _ in client(configuration) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in clients {
                    group.addTask { _ = try await client.initializeResult() }
                }
                try await group.waitForAll()
            }
            // All are clients of one process: its log has one start and eight clients.
            let log = String(
                decoding: try SmallFile.read(directory + "/state/cofferdamd.log", maxBytes: 1 << 20), as: UTF8.self)
            #expect(log.split(separator: "\n").count { $0.contains(#""listening""#) } == 1)
            #expect(log.split(separator: "\n").count { $0.contains(#""client connected""#) } == 8)
            for client in clients { await client.close() }
            try await stopService(directory)
        }
    }

    @Test func filesArePrivate() async throws {
        try await withTemporaryDirectory { directory in
            let client = client(configuration(directory))
            _ = try await client.initializeResult()
            for (path, mode) in [("run", 0o700), ("run/token", 0o600), ("run/service.sock", 0o600), ("state", 0o700)] {
                var status = stat()
                #expect(lstat(directory + "/" + path, &status) == 0)
                #expect(status.st_mode & 0o777 == mode_t(mode), "\(path)")
            }
            // Neither the start's pipe nor anything else of the client's stays open in the service.
            let pid = try servicePID(directory)
            #expect(getsid(pid) == pid)
            await client.close()
            try await stopService(directory)
            var status = stat()
            #expect(lstat(directory + "/run/service.sock", &status) != 0)
        }
    }

    /// Killed without a chance to clean up: the stale socket is replaced, the client comes back by itself.
    @Test func aKilledServiceIsStartedAgain() async throws {
        try await withTemporaryDirectory { directory in
            let client = client(configuration(directory))
            _ = try await client.initializeResult()
            let pid = try servicePID(directory)
            kill(pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, WNOHANG) == 0 { await Task.yield() }
            #expect(try await client.call(AgentList.self, .init()).sessions.isEmpty)
            #expect(try servicePID(directory) != pid)
            await client.close()
            try await stopService(directory)
        }
    }

    @Test func itEndsWhenIdle() async throws {
        try await withTemporaryDirectory { directory in
            let client = client(configuration(directory, arguments: ["--idle-timeout", "10"]))
            _ = try await client.initializeResult()
            let pid = try servicePID(directory)
            await client.close()
            // It was started by this process, so its status is ours.
            #expect(await TestProgram.wait(pid) == 0)
        }
    }

    @Test func failuresAreExplained() async throws {
        try await withTemporaryDirectory { directory in
            let client = client(configuration(directory, arguments: ["--no-such-option"]))
            let error = await #expect(throws: ServiceClientError.self) { try await client.initializeResult() }
            guard case .embeddedStart(let reason, let output) = error else {
                throw TestFailure("\(String(describing: error))")
            }
            #expect(reason.contains("status 64"))
            #expect(output.contains("--no-such-option"))
            await client.close()

            // In the service's own words.
            var configuration = configuration(directory, arguments: ["--token-file", directory + "/none"])
            configuration.local = LocalService(directory: directory + "/run2")
            let other = self.client(configuration)
            let second = await #expect(throws: ServiceClientError.self) { try await other.initializeResult() }
            #expect(second?.description.contains("\(directory)/none") == true)
            await other.close()

            configuration.servicePath = directory + "/missing"
            let none = self.client(configuration)
            let third = await #expect(throws: ServiceClientError.self) { try await none.initializeResult() }
            #expect(third?.description.contains("missing") == true)
            await none.close()
        }
    }

    @Test func aDirectoryOfOthersIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            mkdir(directory + "/open", 0o755)
            chmod(directory + "/open", 0o755)
            symlink(directory + "/open", directory + "/run")
            for name in ["run", "open"] {
                var configuration = configuration(directory)
                configuration.local = LocalService(directory: directory + "/" + name)
                let client = client(configuration)
                let error = await #expect(throws: ServiceClientError.self) { try await client.initializeResult() }
                #expect(error?.description.contains(name == "run" ? "symbolic link" : "chmod 700") == true)
                await client.close()
            }
        }
    }
}
