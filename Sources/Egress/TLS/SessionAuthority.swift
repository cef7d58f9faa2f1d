import Crypto
import FoundationEssentials
import NIOSSL
import Synchronization
import SwiftASN1
import X509

/// The certificate authority of one session, with which the gateway ends TLS of intercepted hosts.
///
/// It is to be trusted in that session's sandbox and nowhere else. Its key is in this process's memory, and in what
/// ``kept()`` gives, with which a later process goes on for programs that trust it already.
public final class SessionAuthority: Sendable {
    /// The authority's certificate, for the trust stores in the sandbox.
    public let certificatePEM: String

    /// As long as a session can last; clocks may differ by an hour.
    private static let lifetime: TimeInterval = 7 * 24 * 3600
    private static let leafLifetime: TimeInterval = 24 * 3600
    private static let clockSkew: TimeInterval = 3600

    private struct Leaf {
        var context: NIOSSLContext
        var renewal: Date
    }

    private let authority: Certificate
    private let authorityKey: Certificate.PrivateKey
    private let leafPublicKey: Certificate.PublicKey
    private let leafKey: NIOSSLPrivateKey
    private let leaves = Mutex<[EgressHost: Leaf]>([:])

    /// - Parameters:
    ///   - permittedHosts: hosts as in rules. When given, the certificate itself is good for these only (a critical name
    ///     constraint, RFC 5280 section 4.2.1.10), and rules that come later cannot intercept others. Hosts that are no
    ///     hosts are left out; addresses are permitted each by its own.
    public init(sessionId: String, permittedHosts: [String]? = nil) throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let now = Date()
        let name = try DistinguishedName {
            OrganizationName("Cofferdam")
            // An identifier is under 64 bytes by X.520's upper bound; it is for people only.
            CommonName("Cofferdam session \(sessionId.prefix(40))")
        }
        var extensions = try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            SubjectKeyIdentifier(hash: key.publicKey)
        }
        if let permittedHosts {
            try extensions.append(Certificate.Extension(Self.constraints(permittedHosts), critical: true))
        }
        authority = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now - Self.clockSkew, notValidAfter: now + Self.lifetime, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: key)
        authorityKey = key
        certificatePEM = try authority.serializeAsPEM().pemString + "\n"
        (leafPublicKey, leafKey) = try Self.makeLeafKey()
    }

    /// The authority that an earlier process had.
    ///
    /// - Parameters:
    ///   - kept: what its ``kept()`` was.
    ///   - permittedHosts: as it would be made with now.
    /// - Returns: nil when it is good for other hosts, or not for long enough: then a new one is needed.
    /// - Throws: when it is not what ``kept()`` gives.
    public init?(kept: String, permittedHosts: [String]? = nil) throws {
        let documents = try PEMDocument.parseMultiple(pemString: kept)
        guard documents.count == 2 else { return nil }
        authorityKey = try Certificate.PrivateKey(pemDocument: documents[0])
        authority = try Certificate(pemDocument: documents[1])
        let constraints = try permittedHosts.map { try Certificate.Extension(Self.constraints($0), critical: true) }
        guard authorityKey.publicKey == authority.publicKey,
            authority.extensions[oid: .X509ExtensionID.nameConstraints] == constraints,
            authority.notValidAfter > Date() + Self.leafLifetime
        else { return nil }
        certificatePEM = documents[1].pemString + "\n"
        (leafPublicKey, leafKey) = try Self.makeLeafKey()
    }

    /// The private key and the certificate, PEM: a secret, for a file that nobody but the service can read.
    public func kept() throws -> String { try authorityKey.serializeAsPEM().pemString + "\n" + certificatePEM }

    private static func makeLeafKey() throws -> (Certificate.PublicKey, NIOSSLPrivateKey) {
        let key = P256.Signing.PrivateKey()
        return (
            Certificate.PublicKey(key.publicKey),
            try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der)
        )
    }

    /// What a TLS server needs to be `host` towards the sandbox: HTTP/1.1 only, TLS 1.2 or later.
    func context(for host: EgressHost) throws -> NIOSSLContext {
        let now = Date()
        if let leaf = leaves.withLock({ $0[host] }), leaf.renewal > now { return leaf.context }
        let certificate = try mint(host, now: now)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(leafKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        let context = try NIOSSLContext(configuration: configuration)
        leaves.withLock { leaves in
            if leaves.count >= EgressLimits.maxCachedHosts { leaves.removeAll() }
            leaves[host] = Leaf(context: context, renewal: now + Self.leafLifetime / 2)
        }
        return context
    }

    private func mint(_ host: EgressHost, now: Date) throws -> NIOSSLCertificate {
        let end = min(now + Self.leafLifetime, authority.notValidAfter)
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.serverAuth])
            // The name is in the alternative names alone, so they are critical (RFC 5280 section 4.2.1.6).
            Critical(SubjectAlternativeNames([Self.generalName(host)]))
            AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: authority.publicKey).keyIdentifier)
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: leafPublicKey,
            notValidBefore: now - Self.clockSkew, notValidAfter: end, issuer: authority.subject,
            subject: DistinguishedName(), signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
            issuerPrivateKey: authorityKey)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
    }

    private static func generalName(_ host: EgressHost) -> GeneralName {
        switch host {
        case .name(let name): .dnsName(name)
        case .address(let address): .ipAddress(ASN1OctetString(contentBytes: address.bytes[...]))
        }
    }

    /// A kind of name without a permitted subtree is not constrained at all, so a kind that is not used is excluded whole.
    private static func constraints(_ hosts: [String]) -> NameConstraints {
        var names: [String] = []
        var addresses: [ASN1OctetString] = []
        for host in hosts {
            switch HostPattern(host) {
            case .exact(.name(let name)), .beneath(let name): names.append(name)
            case .exact(.address(let address)):
                let mask = [UInt8](repeating: 0xFF, count: address.bytes.count)
                addresses.append(ASN1OctetString(contentBytes: (address.bytes + mask)[...]))
            case nil: break
            }
        }
        let everyAddress = [8, 32].map { ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: $0)[...]) }
        return NameConstraints(
            permittedDNSDomains: names, excludedDNSDomains: names.isEmpty ? [""] : [], permittedIPRanges: addresses,
            excludedIPRanges: addresses.isEmpty ? everyAddress : [])
    }
}

extension IPAddress {
    /// In network order.
    var bytes: [UInt8] {
        switch self {
        case .v4(let value): (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
        case .v6(let high, let low):
            [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
        }
    }
}
