import Glibc
import Sandbox
import Testing

@Suite("Commands in a sandbox")
struct CommandTests {
    @Test("Output of both streams arrives byte for byte")
    func output() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("printf 'a\\000b\\377'; printf 'to stderr' >&2")
            #expect(finished.stdout == [0x61, 0, 0x62, 0xFF])
            #expect(finished.errorText == "to stderr")
            #expect(finished.result.outcome == .exited(0))
            #expect(finished.result.stdoutBytes == 4)
            #expect(finished.result.stderrBytes == 9)
            #expect(finished.result.isSuccess)
        }
    }

    @Test("Twenty megabytes on each stream arrive whole")
    func muchOutput() async throws {
        try await TestSandbox.with { test in
            let count = 20 << 20
            let script = "yes 0123456789abcde | head -c \(count) & yes fedcba987654321 | head -c \(count) >&2; wait"
            let finished = try await test.shell(script)
            #expect(finished.result.outcome == .exited(0))
            #expect(finished.stdout.count == count)
            #expect(finished.stderr.count == count)
            let line = Array("0123456789abcde\n".utf8)
            let errorLine = Array("fedcba987654321\n".utf8)
            #expect(finished.stdout == (0..<count / 16).reduce(into: []) { all, _ in all += line })
            #expect(finished.stderr == (0..<count / 16).reduce(into: []) { all, _ in all += errorLine })
            #expect(finished.result.stdoutTruncated == nil)
        }
    }

    @Test("A reader that does not read holds up neither the command nor others")
    func slowReader() async throws {
        try await TestSandbox.with { test in
            let loud = try await test.sandbox.exec(
                ExecRequest(arguments: ["head", "-c", "30000000", "/dev/zero"]))
            #expect(try await loud.result().stdoutBytes == 30_000_000)
            let other = try await test.shell("echo other")
            #expect(other.text == "other\n")
            #expect(try await Finished(loud).stdout.count == 30_000_000)
        }
    }

    @Test("Exit codes and signals are told apart", arguments: [0, 1, 7, 127, 255])
    func exitCodes(code: Int32) async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("exit \(code)")
            #expect(finished.result.outcome == .exited(code))
        }
    }

    @Test("A command that kills itself ends by that signal")
    func signals() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("kill -9 $$")
            #expect(finished.result.outcome == .signalled(SIGKILL))
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["sleep", "100"]))
            await handle.signal(SIGUSR1)
            #expect(try await handle.result().outcome == .signalled(SIGUSR1))
        }
    }

    @Test("A program that is not there is no exit code 127")
    func couldNotStart() async throws {
        try await TestSandbox.with(files: ["data": "no program"]) { test in
            let missing = try await test.run(ExecRequest(arguments: ["no-such-program"])).result
            guard case .couldNotStart(let number, let message) = missing.outcome else {
                Issue.record("\(missing.outcome)")
                return
            }
            #expect(number == ENOENT)
            #expect(message.contains("no-such-program"))
            #expect(missing.status == nil)

            let noDirectory = try await test.run(
                ExecRequest(arguments: ["true"], workingDirectory: "nowhere")
            ).result
            guard case .couldNotStart(ENOENT, let where_) = noDirectory.outcome else {
                Issue.record("\(noDirectory.outcome)")
                return
            }
            #expect(where_.contains("nowhere"))

            let noProgram = try await test.run(ExecRequest(arguments: ["./data"])).result
            guard case .couldNotStart(EACCES, _) = noProgram.outcome else {
                Issue.record("\(noProgram.outcome)")
                return
            }
        }
    }

    @Test("A command gets its directory, its variables, its input and nothing else")
    func surroundings() async throws {
        try await TestSandbox.with(files: ["sub/x": ""]) { test in
            let finished = try await test.run(
                ExecRequest(
                    arguments: ["/bin/sh", "-c", "pwd; cat; env | sort; ls -l /proc/self/fd | grep -c ' -> '"],
                    environment: ["SPECIAL": "a=b c"], workingDirectory: "sub", standardInput: Array("given\n".utf8)))
            let lines = finished.text.split(separator: "\n").map(String.init)
            #expect(lines.prefix(2) == ["\(test.workspace)/sub", "given"])
            #expect(lines.contains("SPECIAL=a=b c"))
            #expect(lines.contains("HOME=/home/agent"))
            let names = Set(lines.dropFirst(2).compactMap { $0.split(separator: "=").first.map(String.init) })
            let expected: Set = ["SPECIAL", "HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "PWD"]
            #expect(
                names.subtracting(expected).filter { Int($0) == nil && !["_", "OLDPWD", "SHLVL"].contains($0) } == [])
            // The three standard descriptors and the directory that ls reads.
            #expect(lines.last == "4")
        }
    }

    @Test("A command can do without what the repository chose, and without programs that it or its session writes")
    func withoutTheRepositorysVariables() async throws {
        let path = "bin:WORKSPACE/bin:/tmp/bin:/home/agent/bin:/usr/lib/../../tmp:/usr/bin:/opt/tool/bin:/bin"
        let configure = { (spec: inout SandboxSpec) in
            spec.environment = [
                "PATH": path.replacing("WORKSPACE", with: spec.workspacePath), "THEIRS": "theirs", "OURS": "ours",
            ]
            spec.repositoryVariables = ["THEIRS", "PATH"]
        }
        try await TestSandbox.with(configure: configure) { test in
            var request = ExecRequest(arguments: ["/bin/sh", "-c", "echo $PATH; echo \"${THEIRS-none} $OURS\""])
            let with = try await test.run(request).text
            #expect(with.hasSuffix("\ntheirs ours\n"))
            request.id = ExecID()
            request.withoutRepositoryVariables = true
            let without = try await test.run(request).text
            #expect(without == "/usr/bin:/opt/tool/bin:/bin\nnone ours\n")
        }
    }

    @Test("Without given input, standard input is at its end")
    func noInput() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("cat | wc -c")
            #expect(finished.text == "0\n")
        }
    }

    @Test("Above the limit output is counted and not kept")
    func truncation() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("head -c 5000 /dev/zero; echo ok >&2", outputLimit: 1000)
            #expect(finished.stdout.count == 1000)
            #expect(finished.result.stdoutBytes == 5000)
            #expect(finished.result.stdoutTruncated == ExecResult.Truncation(from: 1000, to: 5000))
            #expect(finished.errorText == "ok\n")
            #expect(finished.result.stderrTruncated == nil)
        }
    }

    @Test("Two hundred short commands at a time give their own output")
    func many() async throws {
        try await TestSandbox.with { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    if number >= 16 { try await group.next() }
                    group.addTask {
                        let finished = try await test.shell("echo \(number); exit \(number % 5)")
                        #expect(finished.text == "\(number)\n")
                        #expect(finished.result.outcome == .exited(Int32(number % 5)))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("The same request under the same id is one command; another request is refused")
    func idempotence() async throws {
        try await TestSandbox.with { test in
            let request = ExecRequest(arguments: ["/bin/sh", "-c", "echo x >> count; cat count"])
            let first = try await test.run(request)
            #expect(first.text == "x\n")
            let again = try await test.run(request)
            #expect(again.text == "x\n")
            #expect(again.result == first.result)
            var other = request
            other.arguments[2] = "echo different"
            await #expect(throws: SandboxError.execConflict(request.id)) { try await test.sandbox.exec(other) }
            #expect(try await test.shell("cat count").text == "x\n")
        }
    }

    @Test("CPU time, memory and times are measured")
    func usage() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
            #expect(finished.result.cpuMicroseconds > 10_000)
            #expect(finished.result.peakKiB > 500)
            #expect(finished.result.startedAtMilliseconds > 1_600_000_000_000)
            #expect(finished.result.endedAtMilliseconds >= finished.result.startedAtMilliseconds)
            #expect(finished.result.duration > .milliseconds(5))
        }
    }
}
