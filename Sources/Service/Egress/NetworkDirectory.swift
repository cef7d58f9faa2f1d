import Agent
import Sandbox

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The host directory that a sandbox sees as ``SandboxSpec/networkPath``: the session's authority, and the configuration
/// of programs that look for their proxy in files.
struct NetworkDirectory {
    let path: String

    /// The ports of the supervisor's two listeners.
    static let httpProxy = "http://127.0.0.1:3128"
    private static let socksProxy = "socks5h://127.0.0.1:1080"
    /// Talks to itself in the sandbox.
    private static let noProxy = "localhost,127.0.0.1,::1"

    private static let certificate = "ca.pem"
    private static let bundle = "ca-bundle.pem"
    /// Where systems keep the authorities that they trust, as one file.
    private static let systemBundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]
    /// Those of Debian are 200 KiB.
    private static let maximumBundle = 8 << 20

    /// Makes the directory. A later service replaces the contents in place: the sandbox sees these very files.
    /// - Parameter authority: certificate of the session's authority, PEM; nil where nothing is intercepted.
    init(_ path: String, authority: String?) throws(NetworkDirectoryError) {
        self.path = path
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw Self.failure(path) }
        chmod(path, 0o755)
        var configuration = """
            [http]
            \tproxy = \(Self.httpProxy)

            """
        if authority != nil { configuration += "\tsslCAInfo = \(SandboxSpec.networkPath)/\(Self.bundle)\n" }
        try write("gitconfig", configuration)
        var pip = "[global]\nproxy = \(Self.httpProxy)\n"
        if authority != nil { pip += "cert = \(SandboxSpec.networkPath)/\(Self.bundle)\n" }
        try write("pip.conf", pip)
        var npm = "proxy=\(Self.httpProxy)\nhttps-proxy=\(Self.httpProxy)\nnoproxy=\(Self.noProxy)\n"
        if authority != nil { npm += "cafile=\(SandboxSpec.networkPath)/\(Self.bundle)\n" }
        try write("npmrc", npm)
        if let authority {
            try write(Self.certificate, authority)
            try write(Self.bundle, Self.systemBundle() + authority)
        }
    }

    /// The variables that programs look for.
    ///
    /// - Parameter servesModels: whether programs use the model gateway. The vendors' own clients in Python do not even
    ///   start where a SOCKS proxy is named and they have no package for it, so then none is.
    static func environment(intercepts: Bool, servesModels: Bool = false) -> [String: String] {
        var variables: [String: String] = [:]
        for (name, value) in [
            ("http_proxy", httpProxy), ("https_proxy", httpProxy),
            ("all_proxy", servesModels ? httpProxy : socksProxy), ("no_proxy", noProxy),
        ] {
            variables[name] = value
            variables[name.uppercased()] = value
        }
        variables["CARGO_HTTP_PROXY"] = httpProxy
        // Its own transport knows the proxy; git's as a library does not know interception.
        variables["CARGO_NET_GIT_FETCH_WITH_CLI"] = "true"
        variables["npm_config_proxy"] = httpProxy
        variables["npm_config_https_proxy"] = httpProxy
        variables["npm_config_noproxy"] = noProxy
        variables["PIP_PROXY"] = httpProxy
        // Node's own fetch reads the variables above with this (Node 24).
        variables["NODE_USE_ENV_PROXY"] = "1"
        guard intercepts else { return variables }
        let bundle = "\(SandboxSpec.networkPath)/\(bundle)"
        for name in [
            "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "CARGO_HTTP_CAINFO", "PIP_CERT",
            "npm_config_cafile",
        ] { variables[name] = bundle }
        // Added to the roots that Node brings.
        variables["NODE_EXTRA_CA_CERTS"] = "\(SandboxSpec.networkPath)/\(certificate)"
        return variables
    }

    private static func systemBundle() -> String {
        for path in systemBundles {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            let bytes = [UInt8](unsafeUninitializedCapacity: maximumBundle) { buffer, filled in
                while filled < buffer.count {
                    let count = read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
                    if count <= 0 { break }
                    filled += count
                }
            }
            guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else { continue }
            return text.hasSuffix("\n") ? text : text + "\n"
        }
        return ""
    }

    private func write(_ name: String, _ text: String) throws(NetworkDirectoryError) {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Self.failure(file) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(file) }
            written += count
        }
        fchmod(descriptor, 0o644)
    }

    private static func failure(_ path: String) -> NetworkDirectoryError {
        NetworkDirectoryError(path: path, reason: String(cString: strerror(errno)))
    }
}

struct NetworkDirectoryError: Error, CustomStringConvertible {
    var path: String
    var reason: String

    var description: String { "cannot write \(path): \(reason)" }
}
