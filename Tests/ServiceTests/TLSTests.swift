import AgentProtocol
import JSONRPC
import ServiceClient
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct TLSTests {
    /// Certificates for localhost and 127.0.0.1, and for another host, by openssl.
    private static func makeCertificates(in directory: String) async throws {
        for (name, subject) in [("good", "DNS:localhost,IP:127.0.0.1"), ("other", "DNS:elsewhere.example")] {
            let status = try await TestProgram.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=cofferdam test", "-addext", "subjectAltName=\(subject)", "-keyout",
                    "\(directory)/\(name).key", "-out", "\(directory)/\(name).pem",
                ])
            guard status == 0 else { throw TestFailure("openssl: \(status)") }
        }
    }

    private static func files(_ directory: String, _ name: String) -> EndpointConfiguration.TLSFiles {
        .init(certificateChain: "\(directory)/\(name).pem", privateKey: "\(directory)/\(name).key")
    }

    private static func port(_ service: TestService) -> Int {
        if case .tcp(_, let port) = service.address { port } else { 0 }
    }

    @Test func certificatesAreVerified() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.makeCertificates(in: directory)
            try await TestService.with(tls: Self.files(directory, "good")) { service in
                let recorder = ProgressRecorder()
                service.backend.append(2000, to: "s", bytes: 500)
                for host in ["localhost", "127.0.0.1"] {
                    let client = TestService.client(
                        .tcp(host: host, port: Self.port(service), tls: true),
                        ServiceClientHandlers(progress: { recorder.record($0) }), caFile: directory + "/good.pem")
                    _ = try await client.attach("s", afterSeq: 0)
                    await recorder.wait(for: 2000, of: "s")
                    await client.close()
                }
                // The certificate is nobody's whom the system trusts.
                let stranger = TestService.client(.tcp(host: "localhost", port: Self.port(service), tls: true))
                let error = await #expect(throws: ServiceClientError.self) {
                    try await stranger.call(AgentList.self, .init())
                }
                #expect("\(String(describing: error))".lowercased().contains("certificate"))
                await stranger.close()
                // Plain text on the TLS port gets nothing.
                let plain = try await RawClient.request("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", to: service.address)
                #expect(!plain.contains("200"))
            }
            try await TestService.with(tls: Self.files(directory, "other")) { service in
                let client = TestService.client(
                    .tcp(host: "localhost", port: Self.port(service), tls: true), caFile: directory + "/other.pem")
                await #expect(throws: ServiceClientError.self) { try await client.call(AgentList.self, .init()) }
                await client.close()
            }
        }
    }

    @Test func badFilesAreNamed() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.makeCertificates(in: directory)
            let missing = await #expect(throws: EndpointError.self) {
                try await TestService.start(tls: Self.files(directory, "missing"))
            }
            #expect(missing?.description.contains("missing.pem") == true)
            await #expect(throws: EndpointError.self) {
                try await TestService.start(
                    tls: .init(certificateChain: directory + "/good.pem", privateKey: directory + "/other.key"))
            }
        }
    }

    @Test func plaintextNeedsAnExplicitWord() async throws {
        let address = ListenAddress.tcp(host: "0.0.0.0", port: 0)
        await #expect(throws: ConfigurationError.plaintext(address: "0.0.0.0:0")) {
            try await TestService.start(on: address)
        }
        let service = try await TestService.start(on: address) { $0.allowsPlaintext = true }
        await service.endpoint.stop()
    }
}
