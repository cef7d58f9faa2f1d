import AgentProtocol
import ServiceClient
import Testing
import WebSocket

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ConfigurationTests {
    @Test func tokens() throws {
        let tokens = try BearerTokens(
            parsing: "# comment\n\n  0123456789abcdef  \nteam:alice:ABCDEFGHIJKLMNOP\r\n", path: "t")
        #expect(tokens.identify(authorization: "Bearer 0123456789abcdef") == .init(name: nil))
        #expect(tokens.identify(authorization: "bearer ABCDEFGHIJKLMNOP") == .init(name: "team:alice"))
        for wrong in [
            "", "Bearer", "Bearer ", "Bearer 0123456789abcdeg", "Bearer 0123456789abcdef ", "0123456789abcdef",
        ] {
            #expect(tokens.identify(authorization: wrong) == nil, "\(wrong)")
        }
    }

    @Test(
        arguments: [
            ("", nil), ("# only a comment\n", nil), ("short\n", 1), ("\n0123456789abcdef\nbad token here 01\n", 3),
            (":0123456789abcdef", 1), ("a:0123456789abcdé", 1),
        ] as [(String, Int?)]) func badTokenFiles(_ text: String, _ line: Int?)
    {
        let error = #expect(throws: ConfigurationError.self) { try BearerTokens(parsing: text, path: "t") }
        guard case .tokenFile("t", let where_, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(where_ == line)
    }

    @Test func tokenFiles() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/token"
            let generated = try BearerTokens.generate(at: path)
            let token = String(decoding: try SmallFile.read(path, maxBytes: 100).dropLast(), as: UTF8.self)
            #expect(token.utf8.count == 64)
            #expect(generated.identify(authorization: "Bearer \(token)") != nil)
            #expect(try BearerTokens(file: path).identify(authorization: "Bearer \(token)") != nil)
            _ = try BearerTokens.generate(at: path)
            #expect(try BearerTokens(file: path).identify(authorization: "Bearer \(token)") == nil)
            for (mode, cure) in [(0o622, "chmod go-w"), (0o604, "chmod o=")] as [(mode_t, String)] {
                chmod(path, mode)
                let error = #expect(throws: ConfigurationError.self) { try BearerTokens(file: path) }
                #expect(error?.description.contains(cure) == true)
            }
            chmod(path, 0o640)
            _ = try BearerTokens(file: path)
            #expect(throws: ConfigurationError.self) { try BearerTokens(file: directory) }
            #expect(throws: ConfigurationError.self) { try BearerTokens(file: directory + "/none") }
        }
    }

    @Test func listenAddresses() throws {
        #expect(try ListenAddress(parsing: "127.0.0.1:80") == .tcp(host: "127.0.0.1", port: 80))
        #expect(try ListenAddress(parsing: "[::1]:0") == .tcp(host: "::1", port: 0))
        #expect(ListenAddress.tcp(host: "::1", port: 5).description == "[::1]:5")
        for wrong in ["", "host", ":80", "host:", "host:65536", "host:-1", "::1:80", "host:8o"] {
            #expect(throws: ConfigurationError.self, "\(wrong)") { try ListenAddress(parsing: wrong) }
        }
    }

    @Test func serviceURLs() throws {
        #expect(try ServiceURL(parsing: "unix:/run/x") == .unix(path: "/run/x"))
        #expect(try ServiceURL(parsing: "unix:///run/x") == .unix(path: "/run/x"))
        #expect(try ServiceURL(parsing: "ws://h:1") == .tcp(host: "h", port: 1, tls: false))
        #expect(try ServiceURL(parsing: "wss://h") == .tcp(host: "h", port: 443, tls: true))
        #expect(try ServiceURL(parsing: "wss://[::1]:9/v1/rpc") == .tcp(host: "::1", port: 9, tls: true))
        #expect(try ServiceURL(parsing: "ws://[::1]/") == .tcp(host: "::1", port: 80, tls: false))
        for wrong in [
            "", "unix:x", "http://h", "ws://", "ws://h:0", "ws://h:x", "ws://u@h", "ws://h/other", "ws://::1",
        ] {
            #expect(throws: ServiceClientError.self, "\(wrong)") { try ServiceURL(parsing: wrong) }
        }
    }

    @Test func clientEnvironment() throws {
        let info = ProgramInfo(name: "x")
        let local = try ServiceClientConfiguration.fromEnvironment(["XDG_RUNTIME_DIR": "/run/user/7"], clientInfo: info)
        #expect(local.url == nil)
        #expect(local.startsEmbedded)
        #expect(local.local.socketPath == "/run/user/7/cofferdam/service.sock")
        #expect(
            try ServiceClientConfiguration.fromEnvironment([:], clientInfo: info).local.directory
                == "/tmp/cofferdam-\(getuid())")
        let remote = try ServiceClientConfiguration.fromEnvironment(
            ["COFFERDAM_SERVICE_URL": "wss://h", "COFFERDAM_TOKEN_FILE": "/t", "COFFERDAM_CA_FILE": ""],
            clientInfo: info)
        #expect(remote.url == .tcp(host: "h", port: 443, tls: true))
        #expect(remote.startsEmbedded == false)
        #expect(remote.caFile == nil)
        #expect(throws: ServiceClientError.self) {
            try ServiceClientConfiguration.fromEnvironment(["COFFERDAM_SERVICE_URL": "wss://h"], clientInfo: info)
        }
    }

    @Test func logsRotate() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/log"
            let log = Log(level: .info, sink: try LogSink.file(path, rotateAt: 1000))
            for number in 0..<20 { log.info("line", ["number": String(number), "text": "\"\n\u{1}"]) }
            log.debug("hidden")
            let (now, before) = (
                try SmallFile.read(path, maxBytes: 2000), try SmallFile.read(path + ".1", maxBytes: 2000)
            )
            #expect(before.count >= 1000)
            #expect(now.count < 1000)
            let lines = String(decoding: before + now, as: UTF8.self).split(separator: "\n")
            #expect(lines.last?.contains(#""number":"19""#) == true)
            #expect(lines.allSatisfy { $0.hasPrefix(#"{"time":"20"#) && $0.hasSuffix("}") })
        }
    }
}
