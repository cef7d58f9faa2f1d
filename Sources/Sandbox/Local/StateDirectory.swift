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
    var etc: String { path + "/etc" }
    /// Stands for what is to be hidden.
    var empty: String { path + "/empty" }

    /// Makes what is missing. The upper directory gets the mode of the base, which it stands for.
    func prepare(base: String, for identity: LaunchPlan.Identity) throws(SandboxError) {
        for directory in [path, upper, work, merged, journal, etc, empty] {
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw .setUpFailed(step: "create \(directory)", errno: errno)
            }
        }
        if let status = HostPaths.status(base) { chmod(upper, status.st_mode & 0o777 | 0o700) }
        chmod(etc, 0o755)
        chmod(empty, 0o555)
        if case .own(let user, _) = identity {
            // A session that starts again may have got another user.
            for directory in [upper, journal] where HostPaths.status(directory)?.st_uid != user.id {
                try TreeOwner.give(directory, to: user.id)
            }
        }
        try copyHostFiles()
        let user = identity.user
        let group = identity.group
        var users = "agent:x:\(user):\(group):agent:\(SandboxLayout.home):/bin/sh\n"
        var groups = "agent:x:\(group):\n"
        if user != 0 { users += "root:x:0:0:root:/root:/usr/sbin/nologin\n" }
        if group != 0 { groups += "root:x:0:\n" }
        users += "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        groups += "nogroup:x:65534:\n"
        try write("passwd", users)
        try write("group", groups)
        try write("hosts", "127.0.0.1 localhost\n::1 localhost\n")
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
    /// Descriptors of the supervisor; 0 to 2 are its standard ones.
    static let controlDescriptor: Int32 = 3
    static let journalDescriptor: Int32 = 4
    static let statusDescriptor: Int32 = 5
    /// bubblewrap reads the filter of system calls from it and closes it.
    static let filterDescriptor: Int32 = 6
}
