import Glibc
import Testing

@testable import Sandbox

@Suite("Proxy ports of a sandbox")
struct ProxyPortTests {
    /// Bash speaks TCP by itself.
    private static func client(_ port: Int) -> [String] {
        ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); echo \"to \(port)\" >&3; cat <&3"]
    }

    @Test("Connections come out of the sandbox as they are, with the port that they were made to")
    func passed() async throws {
        try await TestSandbox.with(configure: { $0.egress = true }) { test in
            async let http = test.run(ExecRequest(arguments: Self.client(3128)))
            async let socks = test.run(ExecRequest(arguments: Self.client(1080)))
            var kinds: [PassedConnection.Kind: Int] = [:]
            for await connection in test.sandbox.connections {
                kinds[connection.kind, default: 0] += 1
                let heard = readLine(connection.descriptor)
                #expect(heard == (connection.kind == .http ? "to 3128\n" : "to 1080\n"))
                let answer = Array("heard \(heard)".utf8)
                _ = answer.withUnsafeBytes { write(connection.descriptor, $0.baseAddress, $0.count) }
                close(connection.descriptor)
                if kinds.count == 2 { break }
            }
            #expect(kinds == [.http: 1, .socks: 1])
            let texts = try await (http.text, socks.text)
            #expect(texts.0 == "heard to 3128\n")
            #expect(texts.1 == "heard to 1080\n")
        }
    }

    @Test("Nobody who takes them: beyond a bound they are closed, and the sandbox goes on")
    func flood() async throws {
        try await TestSandbox.with(configure: { $0.egress = true }) { test in
            let script =
                "for i in $(seq 1 400); do exec {fd}<>/dev/tcp/127.0.0.1/3128 || break; done; cat <&$fd; echo closed"
            let finished = try await test.run(
                ExecRequest(arguments: ["/bin/bash", "-c", script], timeout: .seconds(60)))
            #expect(finished.text == "closed\n")
            #expect(finished.result.outcome == .exited(0))
            var waiting = 0
            for await connection in test.sandbox.connections {
                waiting += 1
                close(connection.descriptor)
                if waiting == PassedConnections.maximumWaiting { break }
            }
            #expect(waiting == PassedConnections.maximumWaiting)
        }
    }

    @Test("A later service gets the connections; without one they are closed at once")
    func adopted() async throws {
        try await TestSandbox.with(configure: { $0.egress = true }) { test in
            let script =
                "while [ ! -e go ]; do sleep 0.02; done; exec 3<>/dev/tcp/127.0.0.1/3128; echo more >&3; cat <&3"
            let request = ExecRequest(arguments: ["/bin/bash", "-c", script])
            _ = try await test.sandbox.exec(request)
            let quick = ExecRequest(
                arguments: [
                    "/bin/bash", "-c", "sleep 0.5; exec 3<>/dev/tcp/127.0.0.1/3128; cat <&3; echo alone > alone",
                ])
            _ = try await test.sandbox.exec(quick)
            await test.sandbox.detach()
            // Closed: the command ends although nobody is there.
            let upper = test.spec.stateDirectory + "/upper/alone"
            await untilTrue { access(upper, F_OK) == 0 }
            let adopted = try await LocalDriver().adopt(test.spec)
            try await adopted.writeFile("go", [], mode: nil)
            for await connection in adopted.connections {
                #expect(readLine(connection.descriptor) == "more\n")
                close(connection.descriptor)
                break
            }
            let handle = try await adopted.attach(request.id, stdoutOffset: 0, stderrOffset: 0)
            #expect(try await handle.result().outcome == .exited(0))
            await adopted.stop()
            // Ends with the sandbox.
            for await _ in adopted.connections { Issue.record("one more") }
        }
    }

    @Test("Of two services the newer one gets the connections, and the older one does not take them back")
    func replaced() async throws {
        try await TestSandbox.with(configure: { $0.egress = true }) { test in
            for _ in 0..<10 {
                let older = try await LocalDriver().adopt(test.spec)
                let newer = try await LocalDriver().adopt(test.spec)
                #expect(await older.termination == .detached)
                async let client = Finished(newer.exec(ExecRequest(arguments: Self.client(3128))))
                for await connection in newer.connections {
                    #expect(readLine(connection.descriptor) == "to 3128\n")
                    close(connection.descriptor)
                    break
                }
                let result = try await client.result
                #expect(result.outcome == .exited(0))
                // Let go of without a word it would be ended.
                await newer.detach()
            }
            #expect(await test.sandbox.termination == .detached)
            let end = await LocalDriver().endOrphan(stateDirectory: test.spec.stateDirectory)
            #expect(end.wasRunning && end.isProven, "\(end)")
        }
    }

    @Test("Without egress nobody listens")
    func closed() async throws {
        try await TestSandbox.with { test in
            let finished = try await test.run(ExecRequest(arguments: Self.client(3128)))
            #expect(finished.result.outcome == .exited(1))
            for await _ in test.sandbox.connections.prefix(0) {}
        }
    }

    private func readLine(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.last != 0x0A {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 60_000) == 1, read(descriptor, &byte, 1) == 1 else { break }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
