import Glibc
import Testing

@testable import Sandbox

@Suite("Terminals of commands")
struct TerminalTests {
    /// Types and reads.
    private final class Screen {
        let handle: any ExecHandle
        private var chunks: ExecOutput.Iterator
        private(set) var text = ""

        init(_ handle: any ExecHandle) {
            self.handle = handle
            chunks = handle.output.makeAsyncIterator()
        }

        func type(_ text: String) async throws { try await handle.write(Array(text.utf8)) }

        /// Reads until this is there, after what was waited for before. False at the end of the output.
        @discardableResult
        func wait(for wanted: String) async -> Bool {
            var seen = text
            while true {
                if let end = seen.end(of: wanted) {
                    text = String(seen[end...])
                    return true
                }
                guard let chunk = await chunks.next() else { return false }
                #expect(chunk.stream == .stdout)
                seen += String(decoding: chunk.bytes, as: UTF8.self)
            }
        }
    }

    private func shell(_ test: TestSandbox, _ arguments: [String] = ["/bin/sh"]) async throws -> Screen {
        Screen(
            try await test.sandbox.exec(
                ExecRequest(
                    arguments: arguments, environment: ["PS1": "$ "], terminal: TerminalSize(columns: 91, rows: 33))))
    }

    @Test("It is the controlling terminal of the command, of the size that was asked for")
    func size() async throws {
        try await TestSandbox.with { test in
            let screen = try await shell(test)
            #expect(await screen.wait(for: "$ "))
            try await screen.type(
                "tty; stty size; echo $TERM; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all of them > /dev/tty\n")
            #expect(await screen.wait(for: "/dev/pts/"))
            #expect(await screen.wait(for: "33 91"))
            #expect(await screen.wait(for: "xterm-256color"))
            #expect(await screen.wait(for: "\nall of them"))
            // The shell hears of the change and goes on.
            try await screen.type("trap 'echo chan''ged' WINCH; echo re''ady\n")
            #expect(await screen.wait(for: "ready"))
            await screen.handle.resize(TerminalSize(columns: 120, rows: 40))
            try await screen.type("\n")
            #expect(await screen.wait(for: "changed"))
            try await screen.type("stty size\n")
            #expect(await screen.wait(for: "40 120"))
            try await screen.type("exit 5\n")
            #expect(try await screen.handle.result().outcome == .exited(5))
        }
    }

    @Test("Control-C ends the program in the foreground, Control-Z stops it, Control-D ends the shell")
    func jobControl() async throws {
        try await TestSandbox.with { test in
            let screen = try await shell(test, ["/bin/bash", "--norc", "--noediting"])
            #expect(await screen.wait(for: "$ "))
            try await screen.type("sh -c 'echo star''ted; exec sleep 1000'\n")
            #expect(await screen.wait(for: "\nstarted"))
            try await screen.type("\u{3}")
            #expect(await screen.wait(for: "$ "))
            try await screen.type("echo code $?\n")
            #expect(await screen.wait(for: "code 130"))
            try await screen.type("sh -c 'echo star''ted; kill -STOP $$; echo aft''er'\n")
            #expect(await screen.wait(for: "Stopped"))
            try await screen.type("fg\n")
            #expect(await screen.wait(for: "\nafter"))
            try await screen.type("sh -c 'echo star''ted; exec sleep 1000'\n")
            #expect(await screen.wait(for: "\nstarted"))
            try await screen.type("\u{1a}")
            #expect(await screen.wait(for: "Stopped"))
            try await screen.type("kill %1; jobs; (exit 6)\n")
            await screen.handle.closeInput()
            #expect(try await screen.handle.result().outcome == .exited(6))
        }
    }

    @Test("The end of the input comes through also in the middle of a line")
    func endInsideLine() async throws {
        try await TestSandbox.with { test in
            let screen = try await shell(test, ["/bin/sh", "-c", "echo star''ted; cat; exit 6"])
            #expect(await screen.wait(for: "started"))
            try await screen.type("half a line")
            await screen.handle.closeInput()
            #expect(try await screen.handle.result().outcome == .exited(6))
        }
    }

    @Test("All that was printed is there, also of a program that ends at once")
    func lastWords() async throws {
        try await TestSandbox.with { test in
            for _ in 0..<20 {
                let finished = try await test.run(
                    ExecRequest(
                        arguments: ["/bin/sh", "-c", "seq 1 3000; echo errors >&2; exit 1"], terminal: .standard))
                #expect(finished.text == (1...3000).map { "\($0)\r\n" }.joined() + "errors\r\n")
                #expect(finished.stderr.isEmpty)
                #expect(finished.result.outcome == .exited(1))
            }
        }
    }

    @Test("What it leaves behind is ended with it; what closes its terminal is not at its end")
    func background() async throws {
        try await TestSandbox.with { test in
            let script =
                "exec </dev/null >/dev/null 2>&1; sleep 0.3; exec >/dev/tty; echo again; nohup sleep 1000 & exit 0"
            let finished = try await test.run(ExecRequest(arguments: ["/bin/sh", "-c", script], terminal: .standard))
            #expect(finished.text == "again\r\n")
            #expect(finished.result.outcome == .exited(0))
            let seen = try await test.shell("cat /proc/[0-9]*/comm").text
            #expect(!seen.contains("sleep"), "\(seen)")
        }
    }

    @Test("Nothing can be typed into a terminal from inside", .enabled(if: HostPaths.find("python3") != nil))
    func injection() async throws {
        try await TestSandbox.with(configure: { $0.detectToolchains = true }) { test in
            let script = """
                import fcntl, termios
                try:
                    fcntl.ioctl(0, termios.TIOCSTI, b'x')
                    print('typed')
                except OSError as error:
                    print('refused', error.errno)
                """
            let finished = try await test.run(
                ExecRequest(arguments: ["python3", "-c", script], terminal: .standard))
            #expect(finished.text.contains("refused \(EPERM)"), "\(finished.text)")
        }
    }
}

extension String {
    /// Where a part ends, byte by byte: a carriage return and a line feed count as two here.
    fileprivate func end(of part: String) -> String.Index? {
        let bytes = Array(utf8)
        let wanted = Array(part.utf8)
        for start in bytes.indices where bytes[start...].starts(with: wanted) {
            return utf8.index(startIndex, offsetBy: start + wanted.count)
        }
        return nil
    }
}
