import Glibc
import Sandbox
import Testing

@Suite("The end of commands and sandboxes")
struct EndingTests {
    @Test("At the timeout the command may clean up")
    func timeoutWithTrap() async throws {
        try await TestSandbox.with { test in
            let script = "trap 'echo cleaned > marker; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
            let finished = try await test.shell(script, timeout: .milliseconds(500), grace: .seconds(30))
            #expect(finished.text == "ready\n")
            #expect(finished.result.outcome == .timedOut)
            #expect(finished.result.status == .exited(3))
            #expect(try await test.shell("cat marker").text == "cleaned\n")
        }
    }

    @Test("A command that ignores SIGTERM is killed after the grace")
    func timeoutWithoutMercy() async throws {
        try await TestSandbox.with { test in
            let script = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done"
            let finished = try await test.shell(script, timeout: .milliseconds(200), grace: .milliseconds(200))
            #expect(finished.result.outcome == .timedOut)
            #expect(finished.result.status == .signalled(SIGKILL))
            #expect(finished.result.survivors == 0)
            try await expectNobodyLeft(test)
        }
    }

    @Test("Cancelling ends the command and says so")
    func cancel() async throws {
        try await TestSandbox.with { test in
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", "echo up; sleep 1000"]))
            for await chunk in handle.output where chunk.stream == .stdout { break }
            await handle.cancel()
            #expect(try await handle.result().outcome == .killed(by: .client))
            try await expectNobodyLeft(test)
        }
    }

    @Test("A background process that holds the output does not hold up the end")
    func pipesHeldOpen() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("sleep 1000 & echo done")
            #expect(finished.text == "done\n")
            #expect(finished.result.outcome == .exited(0))
            #expect(finished.result.pipesHeldOpen)
            try await expectNobodyLeft(test)
            #expect(try await !test.shell("echo plain").result.pipesHeldOpen)
        }
    }

    @Test("What left the session is killed as well, also while other commands run")
    func escapee() async throws {
        try await TestSandbox.with { test in
            let other = try await test.sandbox.exec(ExecRequest(arguments: ["sleep", "500"]))
            let script = "setsid sh -c 'exec env -i /usr/bin/sleep 777' >/dev/null 2>&1 & sleep 0.2; echo left"
            #expect(try await test.shell(script).text == "left\n")
            let seen = try await test.shell("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2>&1").text
            #expect(seen.contains("sleep 500"))
            #expect(!seen.contains("sleep 777"), "\(seen)")
            await other.signal(SIGKILL)
            #expect(try await other.result().outcome == .signalled(SIGKILL))
        }
    }

    @Test("The loss of the supervisor is never a success")
    func supervisorKilled() async throws {
        try await TestSandbox.with { test in
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", "echo up; sleep 1000"]))
            for await chunk in handle.output where chunk.stream == .stdout { break }
            let pid = try #require(hostPID(ofSupervisorFor: test))
            #expect(kill(pid, SIGKILL) == 0)
            let result = try await handle.result()
            guard case .lost(let reason) = result.outcome else {
                Issue.record("\(result.outcome)")
                return
            }
            #expect(reason.contains("signal 9"))
            guard case .lost = await test.sandbox.termination else {
                Issue.record("not lost")
                return
            }
            await #expect(throws: SandboxError.self) { try await test.sandbox.exec(ExecRequest(arguments: ["true"])) }
            await #expect(throws: SandboxError.self) { try await test.sandbox.stat("x") }
        }
    }

    @Test("Stopping leaves no process and may be repeated")
    func stop() async throws {
        try await TestSandbox.with { test in
            let script = "trap '' TERM; setsid sleep 1000 & (sleep 1000 &) ; echo up; sleep 1000"
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", script]))
            for await chunk in handle.output where chunk.stream == .stdout { break }
            #expect(hostPID(ofSupervisorFor: test) != nil)
            await test.sandbox.stop()
            await test.sandbox.stop()
            #expect(await test.sandbox.termination == .stopped)
            guard case .lost = try await handle.result().outcome else {
                Issue.record("not lost")
                return
            }
            #expect(hostPID(ofSupervisorFor: test) == nil)
            await #expect(throws: SandboxError.stopped) {
                try await test.sandbox.readFile("x", offset: 0, maximumBytes: 1)
            }
        }
    }

    /// Only the supervisor and the command that looks are left in the PID namespace.
    private func expectNobodyLeft(_ test: TestSandbox) async throws {
        let seen = try await test.shell("for p in /proc/[0-9]*; do cat $p/comm; done 2>/dev/null").text
        #expect(!seen.contains("sleep"), "\(seen)")
    }

    /// The first process of a sandbox as the host sees it: its command line names the workspace and it is no bwrap.
    private func hostPID(ofSupervisorFor test: TestSandbox) -> pid_t? {
        guard let directory = opendir("/proc") else { return nil }
        defer { closedir(directory) }
        while let item = readdir(directory) {
            let pid = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            guard pid > 0, let line = TestSandbox.read("/proc/\(pid)/cmdline") else { continue }
            let words = line.split(separator: "\0")
            if words.first == "/run/cofferdam/supervisor", words.contains(test.workspace[...]) { return pid }
        }
        return nil
    }
}
