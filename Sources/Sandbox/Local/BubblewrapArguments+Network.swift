#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What programs in a sandbox need to use the way out (``SandboxSpec/networkDirectory``).
enum NetworkFiles {
    /// Files that programs look for in `/etc`.
    static let configuration = ["gitconfig", "pip.conf", "npmrc"]
    /// The authorities that programs trust, the session's own among them.
    static let bundle = "ca-bundle.pem"
    /// Where Debian's programs find those that they trust.
    static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"
}

extension BubblewrapArguments {
    func networkMounts(_ place: (String) -> String) -> [String] {
        guard let directory = spec.networkDirectory else { return [] }
        var list = ["--ro-bind", place(directory), SandboxSpec.networkPath]
        // A program that is started with a clean environment still trusts the session's authority.
        let status = HostPaths.status(NetworkFiles.systemBundle, follow: false)
        if spec.usesHost, let status, status.st_mode & S_IFMT == S_IFREG,
            HostPaths.status("\(directory)/\(NetworkFiles.bundle)") != nil
        {
            list += ["--ro-bind", place("\(directory)/\(NetworkFiles.bundle)"), NetworkFiles.systemBundle]
        }
        return list
    }
}

extension StateDirectory {
    /// Links in `/etc` to what stands in the network's directory.
    func linkNetworkFiles(_ spec: SandboxSpec) throws(SandboxError) {
        guard let directory = spec.networkDirectory else { return }
        for name in NetworkFiles.configuration where HostPaths.status("\(directory)/\(name)") != nil {
            try link("\(SandboxSpec.networkPath)/\(name)", at: "/etc/\(name)")
        }
        guard case .directory = spec.root, HostPaths.status("\(directory)/\(NetworkFiles.bundle)") != nil else {
            return
        }
        try makeDirectories("/etc/ssl/certs")
        try link("\(SandboxSpec.networkPath)/\(NetworkFiles.bundle)", at: NetworkFiles.systemBundle)
    }
}
