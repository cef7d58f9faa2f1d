import CSpawn
import Glibc
import Testing

@testable import Sandbox

/// A sandbox goes on without its service, and another service goes on with it.
@Suite("Sandboxes that outlive their service")
struct AdoptionTests {
    /// Prints numbered lines; waits in the middle until a file is there.
    private static let script = """
        i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done
        while [ ! -e go ]; do sleep 0.02; done
        while [ $i -lt 4000 ]; do echo "line $i"; i=$((i+1)); done
        echo end >&2; exit 7
        """
    private static let expected = (0..<4000).map { "line \($0)\n" }.joined()

    @Test("A later service reads on from the byte where the former one stopped")
    func attachByOffset() async throws {
        try await TestSandbox.with { test in
            let request = ExecRequest(arguments: ["/bin/sh", "-c", Self.script])
            var before: [UInt8] = []
            let handle = try await test.sandbox.exec(request)
            for await chunk in handle.output {
                before += chunk.bytes
                if before.count > 5000 { break }
            }
            await test.sandbox.detach()
            #expect(await test.sandbox.termination == .detached)
            guard case .lost = try await handle.result().outcome else {
                Issue.record("a handle of a sandbox that was left cannot know the end")
                return
            }

            let adopted = try await LocalDriver().adopt(test.spec)
            let again = try await adopted.attach(request.id, stdoutOffset: before.count, stderrOffset: 0)
            try await adopted.writeFile("go", [], mode: nil)
            let (stdout, stderr) = await Self.collect(again, from: before.count)
            let result = try await again.result()
            #expect(result.outcome == .exited(7))
            #expect(String(decoding: before + stdout, as: UTF8.self) == Self.expected)
            #expect(stderr == Array("end\n".utf8))
            #expect(result.stdoutBytes == Self.expected.utf8.count)

            // The same request is still the same command, and nothing else runs under its id.
            #expect(try await Finished(adopted.exec(request)).text == Self.expected)
            await #expect(throws: SandboxError.execConflict(request.id)) {
                try await adopted.exec(ExecRequest(id: request.id, arguments: ["true"]))
            }
            let unknown = ExecID()
            await #expect(throws: SandboxError.unknownCommand(unknown)) {
                try await adopted.attach(unknown, stdoutOffset: 0, stderrOffset: 0)
            }
            await adopted.stop()
            #expect(await adopted.termination == .stopped)
            #expect(processes(of: test).isEmpty)
            await #expect(throws: SandboxError.self) { try await LocalDriver().adopt(test.spec) }
        }
    }

    @Test("A connection that is cut loses and doubles nothing")
    func cutConnection() async throws {
        try await TestSandbox.with { test in
            let process = try #require(test.sandbox as? LocalSandbox).process
            let line = "0123456789abcde\n"
            let count = 12 << 20
            let handle = try await test.sandbox.exec(
                ExecRequest(arguments: ["/bin/sh", "-c", "yes 0123456789abcde | head -c \(count)"]))
            let cat = try await test.sandbox.exec(ExecRequest(arguments: ["cat"], interactiveInput: true))
            var received = 0
            var written: [UInt8] = []
            var next = 1 << 20
            for await chunk in handle.output {
                #expect(chunk.offset == received)
                let shift = received % 16
                let wanted = Array(line.utf8)
                #expect(chunk.bytes.indices.allSatisfy { chunk.bytes[$0] == wanted[($0 + shift) % 16] })
                received += chunk.bytes.count
                guard received >= next else { continue }
                next += 1 << 20
                process.cutConnection()
                let part = [UInt8]("part at \(received)\n".utf8)
                try await cat.write(part)
                written += part
            }
            #expect(received == count)
            #expect(try await handle.result().outcome == .exited(0))
            await cat.closeInput()
            let echoed = try await Finished(cat)
            #expect(echoed.stdout == written)
            #expect(echoed.result.outcome == .exited(0))
            #expect(try await test.shell("echo still here").text == "still here\n")
        }
    }

    @Test("Of two services the newer one has the sandbox")
    func replaced() async throws {
        try await TestSandbox.with { test in
            let request = ExecRequest(arguments: [
                "/bin/sh", "-c", "echo up; while [ ! -e go ]; do sleep 0.02; done; echo off",
            ])
            let handle = try await test.sandbox.exec(request)
            for await _ in handle.output { break }
            let newer = try await LocalDriver().adopt(test.spec)
            #expect(await test.sandbox.termination == .detached)
            await #expect(throws: SandboxError.detached) { try await test.sandbox.stat("x") }
            let again = try await newer.attach(request.id, stdoutOffset: 0, stderrOffset: 0)
            try await newer.writeFile("go", [], mode: nil)
            #expect(try await Finished(again).text == "up\noff\n")
            await newer.stop()
        }
    }

    @Test("An older handle of a command still learns its end")
    func twoHandles() async throws {
        try await TestSandbox.with { test in
            let request = ExecRequest(arguments: [
                "/bin/sh", "-c", "echo up; while [ ! -e go ]; do sleep 0.02; done; exit 4",
            ])
            let first = try await test.sandbox.exec(request)
            let second = try await test.sandbox.attach(request.id, stdoutOffset: 1, stderrOffset: 0)
            try await test.sandbox.writeFile("go", [], mode: nil)
            let (stdout, _) = await Self.collect(second, from: 1)
            #expect(stdout == Array("p\n".utf8))
            #expect(try await first.result().outcome == .exited(4))
            #expect(try await second.result().outcome == .exited(4))
        }
    }

    @Test("Without a service the sandbox ends by itself")
    func orphanGrace() async throws {
        try await TestSandbox.with(configure: { $0.orphanGrace = .milliseconds(300) }) { test in
            // As long as there is one it does not, however long it says nothing.
            #expect(try await test.shell("sleep 1; echo here").text == "here\n")
            let handle = try await test.sandbox.exec(
                ExecRequest(arguments: ["/bin/sh", "-c", "setsid sleep 1000 & echo up; sleep 1000"]))
            for await _ in handle.output { break }
            await test.sandbox.detach()
            await untilTrue { processes(of: test).isEmpty }
            await #expect(throws: SandboxError.self) { try await LocalDriver().adopt(test.spec) }
            #expect(await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory).wasRunning == false)
        }
    }

    @Test("An orphan is found and ended, with all that hides in it")
    func endOrphan() async throws {
        try await TestSandbox.with { test in
            let script = "setsid sh -c '(sleep 1000 &) ; exec sleep 1000' & echo up; sleep 1000"
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", script]))
            for await _ in handle.output { break }
            await test.sandbox.detach()
            #expect(!processes(of: test).isEmpty)
            let user = SandboxRecord.read(test.spec.stateDirectory)?.user
            if let user { #expect(SessionUser.take(user) == nil, "the sandbox keeps its user") }

            let end = await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory)
            #expect(end.wasRunning)
            // bubblewrap, the supervisor, the shell and what it started.
            #expect(end.killed >= 5, "\(end)")
            #expect(end.isProven, "\(end)")
            #expect(processes(of: test).isEmpty)
            if let user { #expect(SessionUser.take(user) != nil, "nobody keeps its user") }
            let again = await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory)
            #expect(again == OrphanEnd(wasRunning: false))
        }
    }

    @Test("A record without process numbers is enough to find a sandbox")
    func endOrphanByName() async throws {
        try await TestSandbox.with { test in
            await test.sandbox.detach()
            var record = try #require(SandboxRecord.read(test.spec.stateDirectory))
            record.inner = nil
            record.outer = nil
            try record.write(test.spec.stateDirectory)
            let end = await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory)
            #expect(end.wasRunning)
            #expect(end.isProven, "\(end)")
            #expect(processes(of: test).isEmpty)
        }
    }

    @Test("Numbers that belong to other processes by now hurt nobody")
    func staleRecord() async throws {
        try await TestSandbox.with { test in
            await test.sandbox.stop()
            var record = SandboxRecord(id: "test", user: nil, environment: [:], egress: false)
            let us = try #require(ProcessIdentity(pid: getpid()))
            record.inner = ProcessIdentity(pid: us.pid, startTime: us.startTime - 1)
            record.outer = record.inner
            try record.write(test.spec.stateDirectory)
            #expect(await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory).wasRunning == false)

            record.inner = us
            record.bootID = "another boot"
            try record.write(test.spec.stateDirectory)
            #expect(await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory).wasRunning == false)
        }
    }

    @Test("A new sandbox in the same place ends the orphan first")
    func createOverOrphan() async throws {
        try await TestSandbox.with { test in
            await test.sandbox.detach()
            let before = processes(of: test)
            #expect(!before.isEmpty)
            let fresh = try await LocalDriver().create(test.spec)
            #expect(processes(of: test).allSatisfy { !before.contains($0) })
            #expect(try await Finished(fresh.exec(ExecRequest(arguments: ["echo", "new"]))).text == "new\n")
            await fresh.stop()
        }
    }

    @Test("Sockets and record are closed to others and gone afterwards, however long their path is")
    func files() async throws {
        let long = "/" + String(repeating: "a", count: 90) + "/" + String(repeating: "b", count: 90)
        var directory = ""
        try await TestSandbox.with(configure: { spec in
            spec.stateDirectory += long
            spec.egress = true
            directory = spec.stateDirectory
            try? TestSandbox.make(directory)
        }) { test in
            for name in ["control.sock", "gateway.sock", "sandbox.json"] {
                var status = stat()
                #expect(lstat("\(directory)/\(name)", &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600)
            }
            var status = stat()
            #expect(stat(directory, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
            let seen = try await test.shell("find / -name '*.sock' -o -name sandbox.json 2>/dev/null").text
            #expect(seen == "")
            await test.sandbox.stop()
            for name in ["control.sock", "gateway.sock", "sandbox.json"] {
                #expect(access("\(directory)/\(name)", F_OK) != 0)
            }
        }
    }

    static func collect(_ handle: any ExecHandle, from offset: Int) async -> ([UInt8], [UInt8]) {
        var stdout: [UInt8] = []
        var stderr: [UInt8] = []
        for await chunk in handle.output {
            switch chunk.stream {
            case .stdout:
                #expect(chunk.offset == offset + stdout.count)
                stdout += chunk.bytes
            case .stderr:
                #expect(chunk.offset == stderr.count)
                stderr += chunk.bytes
            }
        }
        return (stdout, stderr)
    }
}

/// The processes of a sandbox as the host sees them, by its workspace, which no other has.
func processes(of test: TestSandbox) -> [pid_t] {
    ProcessIdentity.all().filter { pid in
        guard let line = TestSandbox.read("/proc/\(pid)/cmdline") else { return false }
        return line.split(separator: "\0").contains { $0 == test.workspace }
    }
}

/// Looks until it is true; the test's time limit is the only one.
func untilTrue(_ condition: () -> Bool) async {
    while !condition() { await Task.yield(); usleep(5_000) }
}
