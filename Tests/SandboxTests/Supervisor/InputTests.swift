import Glibc
import Sandbox
import Testing

@Suite("Input and signals of running commands")
struct InputTests {
    @Test("What is written is read, and the end is the end")
    func echo() async throws {
        try await TestSandbox.with { test in
            let handle = try await test.sandbox.exec(
                ExecRequest(arguments: ["cat"], standardInput: Array("first\n".utf8), interactiveInput: true))
            var chunks = handle.output.makeAsyncIterator()
            #expect(await chunks.next()?.bytes == Array("first\n".utf8))
            try await handle.write(Array("second\n".utf8))
            #expect(await chunks.next()?.bytes == Array("second\n".utf8))
            await handle.closeInput()
            #expect(await chunks.next() == nil)
            #expect(try await handle.result().outcome == .exited(0))
            await #expect(throws: SandboxError.inputClosed(handle.id)) { try await handle.write([1]) }
        }
    }

    @Test("A slow reader holds the writer up and gets every byte", .timeLimit(.minutes(5)))
    func backPressure() async throws {
        try await TestSandbox.with { test in
            let count = 8 << 20
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let script = "while [ ! -e go ]; do sleep 0.02; done; cat > copy; cmp copy copy && wc -c < copy"
            let handle = try await test.sandbox.exec(
                ExecRequest(arguments: ["/bin/sh", "-c", script], interactiveInput: true))
            async let written: Void = {
                // Calls that overlap do not mix.
                try await handle.write(Array(bytes[..<(count / 2)]))
                try await handle.write(Array(bytes[(count / 2)...]))
                await handle.closeInput()
            }()
            try await test.sandbox.writeFile("go", [], mode: nil)
            try await written
            #expect(try await Finished(handle).text == "\(count)\n")
            #expect(try await test.sandbox.readFile("copy", offset: 0, maximumBytes: count).bytes == bytes)
        }
    }

    @Test("A command that reads no more ends the writing, not the sandbox")
    func closedEarly() async throws {
        try await TestSandbox.with { test in
            let handle = try await test.sandbox.exec(
                ExecRequest(
                    arguments: ["/bin/sh", "-c", "head -c 3; exec <&-; echo; while [ ! -e go ]; do sleep 0.02; done"],
                    interactiveInput: true))
            await #expect(throws: SandboxError.inputClosed(handle.id)) {
                for _ in 0..<1000 { try await handle.write([UInt8](repeating: 0x61, count: 64 << 10)) }
            }
            try await test.sandbox.writeFile("go", [], mode: nil)
            let finished = try await Finished(handle)
            #expect(finished.text == "aaa\n")
            #expect(finished.result.outcome == .exited(0))
        }
    }

    @Test("Without interactive input there is nothing to write to")
    func noInput() async throws {
        try await TestSandbox.with { test in
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["sleep", "1000"]))
            await #expect(throws: SandboxError.inputClosed(handle.id)) { try await handle.write([1]) }
            await handle.cancel()
            #expect(try await handle.result().outcome == .killed(by: .client))
        }
    }

    @Test("A signal reaches everything that the command started")
    func signals() async throws {
        try await TestSandbox.with { test in
            let other = try await test.sandbox.exec(ExecRequest(arguments: ["sleep", "1000"]))
            let child = "trap 'echo child heard; exit' USR1; echo child; while :; do sleep 0.02; done"
            let script =
                "setsid sh -c \"\(child)\" & trap 'echo heard; wait; exit 9' USR1; echo up; while :; do sleep 0.02; done"
            let handle = try await test.sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", script]))
            var text = ""
            var signalled = false
            for await chunk in handle.output {
                text += String(decoding: chunk.bytes, as: UTF8.self)
                if !signalled, text.contains("up\n"), text.contains("child\n") {
                    signalled = true
                    await handle.signal(SIGUSR1)
                }
            }
            #expect(text.contains("child heard\n"), "\(text)")
            #expect(text.contains("\nheard\n"), "\(text)")
            #expect(try await handle.result().outcome == .exited(9))
            await other.kill(by: .limit("session time"))
            #expect(try await other.result().outcome == .killed(by: .limit("session time")))
        }
    }

    @Test("What forks twice and leaves the session is gone with its command")
    func daemons() async throws {
        try await TestSandbox.with { test in
            let other = try await test.sandbox.exec(ExecRequest(arguments: ["sleep", "500"]))
            let script = "(setsid sh -c '(exec sleep 777) & (setsid sleep 778 &) ; exit' >/dev/null 2>&1 &) ; echo up"
            #expect(try await test.shell(script).text == "up\n")
            let seen = try await test.shell("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2>&1").text
            #expect(seen.contains("sleep 500"))
            #expect(!seen.contains("sleep 77"), "\(seen)")
            await other.cancel()
        }
    }

    @Test("Short commands, one after the other, lose no byte")
    func thousand() async throws {
        let count = getenv("COFFERDAM_LONG_TESTS") == nil ? 200 : 1000
        try await TestSandbox.with { test in
            for number in 0..<count {
                let finished = try await test.shell(
                    "printf 'out %d' \(number); printf 'err %d' \(number) >&2; exit \(number % 250)")
                #expect(finished.text == "out \(number)")
                #expect(finished.errorText == "err \(number)")
                #expect(finished.result.outcome == .exited(Int32(number % 250)))
            }
        }
    }
}
