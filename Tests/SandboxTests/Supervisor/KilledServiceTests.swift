import Glibc
import Testing

@testable import Sandbox

/// The service is another process, and it is killed.
@Suite("A service that is killed")
struct KilledServiceTests {
    private static let variable = "COFFERDAM_TEST_SERVICE_DIRECTORY"
    private static var serviceDirectory: String? { getenv(variable).map { String(cString: $0) } }

    private static func spec(_ directory: String) -> SandboxSpec {
        var spec = SandboxSpec(
            id: "killed", workspacePath: "/srv/killed/\(directory.split(separator: "/").last ?? "x")",
            base: directory + "/base", stateDirectory: directory + "/state", detectToolchains: false)
        spec.orphanGrace = .seconds(120)
        return spec
    }

    private static let request = ExecRequest(
        id: ExecID(high: 0x1234_5678_9abc_4def, low: 0x8123_4567_89ab_cdef),
        arguments: [
            "/bin/sh", "-c", "seq 1 20000; while [ ! -e go ]; do sleep 0.02; done; seq 20001 40000; exit 3",
        ])

    @Test("Its sandbox goes on, and the next service misses nothing")
    func killed() async throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        try TestSandbox.make(directory + "/base")
        let service = try start(directory)
        await untilTrue { access(directory + "/ready", F_OK) == 0 || hasEnded(service) }
        try #require(access(directory + "/ready", F_OK) == 0)
        #expect(kill(service, SIGKILL) == 0)
        var status: Int32 = 0
        #expect(waitpid(service, &status, 0) == service)
        #expect(status & 0x7f == SIGKILL)

        let sandbox = try await LocalDriver().adopt(Self.spec(directory))
        let handle = try await sandbox.attach(Self.request.id, stdoutOffset: 0, stderrOffset: 0)
        try await sandbox.writeFile("go", [], mode: nil)
        let finished = try await Finished(handle)
        #expect(finished.text == (1...40000).map { "\($0)\n" }.joined())
        #expect(finished.result.outcome == .exited(3))
        let record = try #require(SandboxRecord.read(directory + "/state"))
        await sandbox.stop()
        #expect(SandboxProcesses(record: record).named().isEmpty)
        #expect(record.inner?.open() == nil)
    }

    /// What the other process does: a service that starts a command and knows nothing of its end.
    @Test("Be the service", .enabled(if: serviceDirectory != nil))
    func service() async throws {
        let directory = try #require(Self.serviceDirectory)
        let sandbox = try await LocalDriver().create(Self.spec(directory))
        let handle = try await sandbox.exec(Self.request)
        for await _ in handle.output { break }
        try TestSandbox.write(directory + "/ready", "")
        while true { pause() }
    }

    private func start(_ directory: String) throws -> pid_t {
        let program = try #require(HostPaths.linkTarget("/proc/self/exe"))
        let filter = "SandboxTests.KilledServiceTests/service"
        let words = ["service", "--testing-library", "swift-testing", "--filter", filter]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        // Not by setenv: other tests read the environment at this moment.
        var environment = [strdup("\(Self.variable)=\(directory)")]
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "COFFERDAM_SUPERVISOR"] {
            if let value = getenv(name) { environment.append(strdup(name + "=" + String(cString: value))) }
        }
        environment.append(nil)
        defer { for entry in environment { free(entry) } }
        var pid: pid_t = 0
        try #require(posix_spawn(&pid, program, nil, nil, &arguments, &environment) == 0)
        return pid
    }

    private func hasEnded(_ pid: pid_t) -> Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) != 0
            || information.si_signo == SIGCHLD
    }
}
