import Glibc
import Testing

@testable import Sandbox

/// What commands of a real sandbox can take.
@Suite("Limits of a sandbox")
struct SandboxLimitTests {
    private static let controllers = Set(CgroupLocator(placement: .automatic).parents().flatMap(\.controllers))

    private func groups(of test: TestSandbox) -> [String] {
        CgroupLocator(placement: .automatic).parents().flatMap { parent -> [String] in
            let descriptor = open(parent.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(descriptor) }
            return (DirectoryReader.names(of: descriptor) ?? []).map { String(decoding: $0.bytes, as: UTF8.self) }
                .filter { $0.hasPrefix("cofferdam-\(test.spec.id).") }.map { "\(parent.directory)/\($0)" }
        }
    }

    @Test(
        "A command that takes too much memory is told so, and the sandbox goes on",
        .enabled(if: controllers.contains(.memory)))
    func memory() async throws {
        try await TestSandbox.with(configure: {
            $0.id = "test-\(ExecID())"
            $0.limits.memoryBytes = 128 << 20
        }) { test async throws in
            let hog = try await test.run(ExecRequest(arguments: ["tail", "/dev/zero"], timeout: .seconds(60)))
            #expect(hog.result.outcome == .outOfMemory)
            let inShell = try await test.shell("tail /dev/zero; exit $?")
            #expect(inShell.result.outcome == .outOfMemory)
            // Many small ones: the largest command goes, not the supervisor.
            let many = try await test.shell(
                "for i in $(seq 40); do (head -c 6M /dev/zero | tail | sleep 3) & done; wait")
            #expect(many.result.survivors == 0)
            // What is kept in memory cannot fill it.
            let fill =
                "for d in /tmp /dev/shm $HOME; do head -c 300M /dev/zero > $d/big; done; du -ks /tmp/big | cut -f1"
            #expect(Int(try await test.shell(fill).text.dropLast()) ?? .max <= 32 << 10)
            #expect(try await test.shell("rm -f /tmp/big; echo alive").text == "alive\n")
            #expect(groups(of: test).count >= 1)
            await test.sandbox.stop()
            #expect(groups(of: test).isEmpty)
        }
    }

    @Test("Where no control group holds memory, the supervisor's watch ends the command")
    func watchedMemory() async throws {
        try await TestSandbox.with(cgroup: .none, configure: { $0.limits.memoryBytes = 128 << 20 }) {
            test async throws in
            let small = try await test.sandbox.exec(ExecRequest(arguments: ["sleep", "60"]))
            // Grows slowly enough that a look falls into it, and stays.
            let hog = try await test.shell("head -c 400M /dev/zero | (sleep 0.1; tail -c 300M | sleep 60); sleep 60")
            #expect(hog.result.outcome == .killed(by: .limit("memory")))
            // The other one had no part in it.
            await small.cancel()
            #expect(try await small.result().outcome == .killed(by: .client))
            #expect(try await test.shell("head -c 20M /dev/zero | tail -c 1M | wc -c").text == "1048576\n")
        }
    }

    @Test("A fork bomb ends in its own sandbox", .enabled(if: controllers.contains(.pids)))
    func processes() async throws {
        try await TestSandbox.with(configure: {
            $0.id = "test-\(ExecID())"
            $0.limits.processes = 40
        }) { test async throws in
            let bomb = try await test.shell("b() { b | b & }; b; sleep 2", timeout: .seconds(20))
            #expect(bomb.result.survivors == 0)
            #expect(try await test.shell("echo again").text == "again\n")
        }
    }

    @Test("What a command uses of the processors is held", .enabled(if: controllers.contains(.cpu)))
    func processors() async throws {
        try await TestSandbox.with(configure: {
            $0.id = "test-\(ExecID())"
            $0.limits.cpuCores = 0.25
        }) { test async throws in
            let spin = "end=$(($(date +%s)+3)); while [ $(date +%s) -lt $end ]; do :; done"
            let finished = try await test.shell("(\(spin)) & (\(spin)) & wait")
            #expect(finished.result.isSuccess)
            let share = Double(finished.result.cpuMicroseconds) / (finished.result.duration / .microseconds(1))
            #expect(share < 0.25 + 0.15)
        }
    }

    @Test("A workspace that grows too large ends the command; the model can clean up")
    func workspace() async throws {
        try await TestSandbox.with(configure: { $0.limits.workspaceBytes = 32 << 20 }) { test async throws in
            let full = try await test.shell("head -c 48M /dev/zero > big; sleep 60")
            #expect(full.result.outcome == .killed(by: .limit("workspace size (32 MiB)")))
            await #expect(throws: SandboxError.self) { try await test.sandbox.writeFile("a", [1], mode: nil) }
            // A command may run; when there is less, files can be written again.
            #expect(try await test.shell("rm big; echo removed").text == "removed\n")
            while (try? await test.sandbox.writeFile("a", [1], mode: nil)) == nil {
                _ = try await test.shell("sleep 0.2")
            }
        }
    }

    @Test("A file that a command has deleted counts as long as it is open")
    func unnamedFiles() async throws {
        try await TestSandbox.with(configure: { $0.limits.workspaceBytes = 32 << 20 }) { test async throws in
            // As many bytes in memory are no matter.
            let full = try await test.shell(
                "exec 4> /tmp/m; rm /tmp/m; head -c 48M /dev/zero >&4; echo one; "
                    + "exec 3> big; rm big; head -c 48M /dev/zero >&3; echo two; sleep 60")
            #expect(full.result.outcome == .killed(by: .limit("workspace size (32 MiB)")))
            #expect(full.text.hasPrefix("one\n"))
            while (try? await test.sandbox.writeFile("a", [1], mode: nil)) == nil {
                _ = try await test.shell("sleep 0.2")
            }
        }
    }

    @Test("Beyond twice the size the sandbox ends, and says why")
    func workspaceTwice() async throws {
        try await TestSandbox.with(configure: { $0.limits.workspaceBytes = 16 << 20 }) { test async throws in
            let full = try await test.shell("trap '' TERM; head -c 80M /dev/zero > big; sleep 60")
            guard case .lost(let reason) = await test.sandbox.termination else {
                Issue.record("the sandbox went on: \(full.result.outcome)")
                return
            }
            #expect(reason.contains("twice the limit of 16 MiB"))
        }
    }

    @Test("Files are counted, not only bytes")
    func files() async throws {
        try await TestSandbox.with(configure: { $0.limits.workspaceFiles = 500 }) { test async throws in
            let full = try await test.shell("mkdir d; cd d; seq 800 | xargs touch; sleep 60")
            #expect(full.result.outcome == .killed(by: .limit("workspace size (500 files)")))
        }
    }

    @Test("What commands print cannot fill the disk: later ones keep less")
    func journal() async throws {
        try await TestSandbox.with(configure: { $0.limits.workspaceBytes = 64 << 20 }) { test async throws in
            let print = ExecRequest(arguments: ["head", "-c", "1M", "/dev/zero"])
            #expect(try await test.run(print).result.stdoutTruncated == nil)
            for _ in 0..<5 {
                _ = try await test.sandbox.exec(ExecRequest(arguments: ["head", "-c", "64M", "/dev/zero"])).result()
            }
            // Looked at from time to time.
            while true {
                let finished = try await test.run(ExecRequest(arguments: ["head", "-c", "1M", "/dev/zero"]))
                #expect(finished.result.stdoutBytes == 1 << 20)
                if finished.result.stdoutTruncated != nil { break }
                _ = try await test.shell("sleep 0.2")
            }
        }
    }

    @Test("What is on disk is counted by what it holds")
    func usage() throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let everything = DiskUsage(bytes: 1 << 40, files: 1 << 30)
        #expect(DiskUsage.measure([directory, directory + "/absent"], atMost: everything).files == 0)
        try #require(
            system(
                """
                cd '\(directory)' && mkdir -p a/b && head -c 1M /dev/urandom > a/b/c && ln a/b/c a/d && ln -s / link \
                && truncate -s 1T sparse && mkdir closed && touch closed/x && chmod 0 closed
                """) == 0)
        let usage = DiskUsage.measure([directory], atMost: everything)
        #expect(usage.files == 8)
        #expect((1 << 20..<2 << 20).contains(usage.bytes))
        #expect(!usage.isTooDeep)
        // Stops early.
        #expect(DiskUsage.measure([directory], atMost: DiskUsage(bytes: 1 << 40, files: 2)).files == 3)
        try #require(
            system("cd '\(directory)' && for i in $(seq 300); do mkdir n && cd -P n 2>/dev/null || exit 1; done") == 0)
        #expect(DiskUsage.measure([directory], atMost: everything).isTooDeep)
    }
}
