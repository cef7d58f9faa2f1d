import NIOSSL
import Synchronization

/// How the gateway verifies the hosts that it speaks TLS to itself: full verification, always.
final class UpstreamTrust: Sendable {
    /// Reading the system's authorities takes tens of milliseconds; once for the process is enough.
    private static let system = Mutex<NIOSSLContext?>(nil)
    private let files = Mutex<[String: NIOSSLContext]>([:])

    /// - Parameter authorityFile: PEM, in place of the system's authorities.
    /// - Throws: when the file cannot be read or holds no certificate.
    func context(authorityFile: String?) throws -> NIOSSLContext {
        guard let authorityFile else {
            return try Self.system.withLock { context in
                if let context { return context }
                let made = try Self.make(.default)
                context = made
                return made
            }
        }
        return try files.withLock { files in
            if let context = files[authorityFile] { return context }
            let certificates = try NIOSSLCertificate.fromPEMFile(authorityFile)
            let context = try Self.make(.certificates(certificates))
            files[authorityFile] = context
            return context
        }
    }

    private static func make(_ roots: NIOSSLTrustRoots) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = roots
        configuration.certificateVerification = .fullVerification
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}
