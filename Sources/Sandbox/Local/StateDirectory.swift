#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The host directory of one session: the overlay's parts, the journal and the generated files of `/etc`.
struct StateDirectory: Sendable {
    let path: String

    var upper: String { path + "/upper" }
    var work: String { path + "/work" }
    var merged: String { path + "/merged" }
    var journal: String { path + "/journal" }
    var etc: String { skeleton + "/etc" }
    /// What stands over the root file system: mount points and the sandbox's own files of `/etc`.
    var skeleton: String { path + "/skeleton" }
    /// The home directory when it is kept on disk, and the mount points of what is overlaid.
    var homeUpper: String { path + "/home/upper" }
    var homeWork: String { path + "/home/work" }
    var homeMerged: String { path + "/home/merged" }
    var rootMerged: String { path + "/root" }
    /// Sockets in it, on which the supervisor waits for the service.
    static let controlSocket = "control.sock"
    static let gatewaySocket = "gateway.sock"
    /// Stands for what is to be hidden.
    var empty: String { path + "/empty" }

    /// Makes what is missing. The upper directory gets the mode of the base, which it stands for.
    func prepare(_ spec: SandboxSpec, for identity: LaunchPlan.Identity) throws(SandboxError) {
        var directories = [path, upper, work, merged, journal, skeleton, etc, empty]
        if spec.homeIsOnDisk { directories += [HostPaths.parent(homeUpper), homeUpper, homeWork, homeMerged] }
        if case .directory = spec.root { directories.append(rootMerged) }
        for directory in directories {
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw .setUpFailed(step: "create \(directory)", errno: errno)
            }
        }
        // Nobody else may come near the sockets in it.
        guard chmod(path, 0o700) == 0 else { throw .setUpFailed(step: "close \(path) to others", errno: errno) }
        if let status = HostPaths.status(spec.base) { chmod(upper, status.st_mode & 0o777 | 0o700) }
        for directory in [skeleton, etc] { chmod(directory, 0o755) }
        chmod(empty, 0o555)
        if case .own(let user, _) = identity {
            // A session that starts again may have got another user.
            let given = spec.homeIsOnDisk ? [upper, journal, homeUpper] : [upper, journal]
            for directory in given where HostPaths.status(directory)?.st_uid != user.id {
                try TreeOwner.give(directory, to: user.id)
            }
        }
        switch spec.root {
        case .host: try copyHostFiles()
        case .directory: try makeMountPoints(spec)
        }
        let accounts = SandboxAccounts(spec: spec, user: identity.user, group: identity.group)
        try write("passwd", accounts.passwd)
        try write("group", accounts.group)
        try write("hosts", "127.0.0.1 localhost\n::1 localhost\n")
        if case .directory = spec.root {
            try write("resolv.conf", "")
            // What an image names here would be loaded into the supervisor as well, whose word counts.
            try write("ld.so.preload", "")
        }
        try linkNetworkFiles(spec)
        try write("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    }

    /// Small public files of the host's /etc, copied: links stay links (they lead into /usr).
    private static let copied = [
        "ld.so.cache", "ld.so.conf", "localtime", "os-release", "debian_version", "timezone", "mime.types", "protocols",
        "services", "shells", "ssl/openssl.cnf",
    ]
    /// Larger than any of them is.
    private static let copyLimit = 4 << 20

    private func copyHostFiles() throws(SandboxError) {
        // Mount points of the host's directories: the sandbox's user cannot make them.
        for name in ["ssl"] + BubblewrapArguments.etc where HostPaths.isDirectory("/etc/\(name)") || name == "ssl" {
            mkdir(etc + "/" + name, 0o755)
            chmod(etc + "/" + name, 0o755)
        }
        for name in Self.copied {
            if let target = HostPaths.linkTarget("/etc/\(name)") {
                symlink(target, etc + "/" + name)
            } else if let bytes = Descriptors.contents(ofFile: "/etc/\(name)", limit: Self.copyLimit) {
                try write(name, bytes)
            }
        }
    }

    private func write(_ name: String, _ text: String) throws(SandboxError) {
        try write(name, Array(text.utf8))
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws(SandboxError) {
        let file = etc + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .setUpFailed(step: "create \(file)", errno: errno) }
        defer { Descriptors.close(descriptor) }
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw .setUpFailed(step: "write \(file)", errno: ENOSPC) }
        fchmod(descriptor, 0o644)
    }
}

/// Fixed places inside every local sandbox.
enum SandboxLayout {
    static let home = "/home/agent"
    static let supervisor = "/run/cofferdam/supervisor"
    static let systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    /// Descriptors of the supervisor; 0 to 2 are its standard ones. Control and gateway are sockets that listen.
    static let controlDescriptor: Int32 = 3
    static let journalDescriptor: Int32 = 4
    static let statusDescriptor: Int32 = 5
    /// bubblewrap reads the filter of system calls from it and closes it.
    static let filterDescriptor: Int32 = 6
    static let gatewayDescriptor: Int32 = 7
    static let counterDescriptor: Int32 = 8
    static let lockDescriptor: Int32 = 9
    /// The first of those by which commands join their control groups.
    static let groupDescriptor: Int32 = 10
}
