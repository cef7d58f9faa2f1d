import FoundationEssentials
import NIOCore
import NIOEmbedded
import NIOSSL
import TestSupport
import Testing

@testable import Egress

@Suite struct AuthorityTests {
    private static func openssl(_ arguments: [String], in folder: TemporaryFolder) async throws -> HostCommand.Result {
        try await offLoop { try HostCommand.run(["openssl"] + arguments, in: folder.path) }
    }

    /// The certificate that a client gets for `host`, as PEM.
    private static func leaf(of authority: SessionAuthority, for host: EgressHost) throws -> String {
        let server = EmbeddedChannel()
        let client = EmbeddedChannel()
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let clientHandler = try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: configuration), serverHostname: nil)
        try server.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: authority.context(for: host)))
        try client.pipeline.syncOperations.addHandler(clientHandler)
        server.connect(to: try .init(ipAddress: "127.0.0.1", port: 1), promise: nil)
        client.connect(to: try .init(ipAddress: "127.0.0.1", port: 1), promise: nil)
        for _ in 0..<10 {
            while let bytes = try client.readOutbound(as: ByteBuffer.self) { try server.writeInbound(bytes) }
            while let bytes = try server.readOutbound(as: ByteBuffer.self) { try client.writeInbound(bytes) }
        }
        let certificate = try #require(clientHandler.peerCertificate)
        let text = Data(try certificate.toDERBytes()).base64EncodedString()
        return
            "-----BEGIN CERTIFICATE-----\n\(text.wrapped(64))\n-----END CERTIFICATE-----\n"
    }

    private static func verifies(_ authority: SessionAuthority, _ host: EgressHost, as name: [String]) async throws
        -> String
    {
        let folder = try TemporaryFolder()
        try folder.write("ca.pem", authority.certificatePEM)
        try folder.write("leaf.pem", try leaf(of: authority, for: host))
        let done = try await openssl(
            ["verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", "ca.pem"] + name + ["leaf.pem"],
            in: folder)
        return done.text + done.errorText
    }

    @Test func opensslAcceptsLeavesForTheirHostOnly() async throws {
        let authority = try SessionAuthority(sessionId: "0123456789abcdef")
        let name = EgressHost.name("api.example")
        #expect(try await Self.verifies(authority, name, as: ["-verify_hostname", "api.example"]).contains(": OK"))
        #expect(
            try await Self.verifies(authority, name, as: ["-verify_hostname", "b.example"]).contains("ostname mismatch")
        )
        let address = EgressHost.address(.v6(high: 0, low: 1))
        #expect(try await Self.verifies(authority, address, as: ["-verify_ip", "::1"]).contains(": OK"))
    }

    @Test func constraintsHoldForNamesAndAddresses() async throws {
        let authority = try SessionAuthority(sessionId: "s", permittedHosts: ["*.example", "one.test"])
        for (host, isGood) in [("api.example", true), ("one.test", true), ("two.test", false), ("xexample", false)] {
            let text = try await Self.verifies(authority, .name(host), as: [])
            #expect(text.contains(": OK") == isGood, "\(host): \(text)")
            if !isGood { #expect(text.contains("permitted subtree violation")) }
        }
        #expect(try await Self.verifies(authority, .address(.v4(1)), as: []).contains("excluded subtree violation"))
        let addresses = try SessionAuthority(sessionId: "s", permittedHosts: ["10.0.0.1"])
        #expect(try await Self.verifies(addresses, .address(.v4(0x0A00_0001)), as: []).contains(": OK"))
        #expect(
            try await Self.verifies(addresses, .address(.v4(0x0A00_0002)), as: []).contains(
                "permitted subtree violation"))
        #expect(try await Self.verifies(addresses, .name("a.example"), as: []).contains("excluded subtree violation"))
    }

    @Test func everySessionHasItsOwn() async throws {
        let one = try SessionAuthority(sessionId: "s")
        let two = try SessionAuthority(sessionId: "s")
        #expect(one.certificatePEM != two.certificatePEM)
        let folder = try TemporaryFolder()
        try folder.write("ca.pem", two.certificatePEM)
        try folder.write("leaf.pem", try Self.leaf(of: one, for: .name("a.example")))
        let done = try await Self.openssl(["verify", "-no-CApath", "-CAfile", "ca.pem", "leaf.pem"], in: folder)
        #expect(!done.text.contains(": OK"))
        #expect(!one.certificatePEM.contains("PRIVATE"))
    }

    @Test func aLaterProcessGoesOnWithIt() async throws {
        let hosts = ["*.example"]
        let kept = try SessionAuthority(sessionId: "s", permittedHosts: hosts).kept()
        let later = try #require(try SessionAuthority(kept: kept, permittedHosts: hosts))
        #expect(try later.kept() == kept)
        #expect(kept.contains(later.certificatePEM))
        #expect(try await Self.verifies(later, .name("a.example"), as: []).contains(": OK"))
        #expect(try SessionAuthority(kept: kept, permittedHosts: hosts + ["b.test"]) == nil, "other hosts")
        #expect(try SessionAuthority(kept: kept) == nil)
        #expect(try SessionAuthority(kept: later.certificatePEM, permittedHosts: hosts) == nil)
        // Another's key.
        let other = try SessionAuthority(sessionId: "s", permittedHosts: hosts)
        let key = String(try other.kept().dropLast(other.certificatePEM.count))
        #expect(try SessionAuthority(kept: key + other.certificatePEM, permittedHosts: hosts) != nil)
        #expect(try SessionAuthority(kept: key + later.certificatePEM, permittedHosts: hosts) == nil)
        #expect(throws: (any Error).self) { try SessionAuthority(kept: "-----BEGIN X-----\n", permittedHosts: hosts) }
    }
}

extension String {
    func wrapped(_ width: Int) -> String {
        let bytes = Array(utf8)
        return stride(from: 0, to: bytes.count, by: width).map { start in
            String(decoding: bytes[start..<min(start + width, bytes.count)], as: UTF8.self)
        }.joined(separator: "\n")
    }
}
