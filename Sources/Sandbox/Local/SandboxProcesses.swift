import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the processes of a sandbox from outside, by its record.
struct SandboxProcesses {
    let record: SandboxRecord

    /// The first process inside; nil when it is gone.
    func first() -> ProcessIdentity? {
        if record.isOfThisNamespace, let inner = record.inner, let descriptor = inner.open() {
            Descriptors.close(descriptor)
            return inner
        }
        return named().first { Self.isFirstOfItsNamespace($0.pid) }
    }

    /// bubblewrap and what it started, by the identity on their command lines.
    func named() -> [ProcessIdentity] {
        let identity = Array(record.identity.utf8)
        return ProcessIdentity.all().compactMap { pid in
            guard let line = Descriptors.contents(ofFile: "/proc/\(pid)/cmdline", limit: 1 << 20),
                Self.names(line, identity)
            else { return nil }
            return ProcessIdentity(pid: pid)
        }
    }

    /// All that live in the PID namespace of this process.
    static func living(inNamespaceOf first: ProcessIdentity) -> [ProcessIdentity] {
        guard let namespace = HostPaths.linkTarget("/proc/\(first.pid)/ns/pid"),
            namespace != SandboxRecord.currentNamespace
        else { return [first] }
        return living(inNamespace: namespace)
    }

    static func living(inNamespace namespace: String) -> [ProcessIdentity] {
        ProcessIdentity.all().compactMap { pid in
            guard HostPaths.linkTarget("/proc/\(pid)/ns/pid") == namespace else { return nil }
            return running(pid)
        }
    }

    /// All that run as this user.
    static func living(as user: UInt32) -> [ProcessIdentity] {
        ProcessIdentity.all().compactMap { pid in
            guard let line = status(pid, "Uid:"), line.contains(String(user)) else { return nil }
            return running(pid)
        }
    }

    /// Nil for what has ended and only waits until its parent takes note: it is in its namespace still, but runs no more.
    private static func running(_ pid: pid_t) -> ProcessIdentity? {
        guard let process = ProcessIdentity(pid: pid), let descriptor = process.open() else { return nil }
        Descriptors.close(descriptor)
        return process
    }

    private static func isFirstOfItsNamespace(_ pid: pid_t) -> Bool {
        guard let numbers = status(pid, "NSpid:"), let own = SandboxProcesses.depth else { return false }
        return numbers.count > own && numbers.last == "1"
    }

    /// How many PID namespaces this process itself is in.
    private static var depth: Int? { status(getpid(), "NSpid:")?.count }

    private static func status(_ pid: pid_t, _ key: String) -> [String]? {
        guard let bytes = Descriptors.contents(ofFile: "/proc/\(pid)/status", limit: 64 << 10) else { return nil }
        let line = bytes.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: key.utf8) }
        return line?.dropFirst(key.utf8.count).split { $0 == 0x20 || $0 == 0x09 }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Whether a command line has this identity for an argument.
    private static func names(_ line: [UInt8], _ identity: [UInt8]) -> Bool {
        let words = line.split(separator: 0)
        return zip(words, words.dropFirst()).contains { option, value in
            value.count == identity.count && value.elementsEqual(identity) && option.elementsEqual("--identity".utf8)
        }
    }

    /// SIGKILL; returns once it has ended, or false when it has not in time.
    static func end(_ process: ProcessIdentity, milliseconds: Int32) -> Bool {
        guard let descriptor = process.open() else { return true }
        defer { Descriptors.close(descriptor) }
        _ = cspawn_pidfd_signal(descriptor, SIGKILL)
        return ProcessIdentity.wait(descriptor, milliseconds: milliseconds)
    }
}
