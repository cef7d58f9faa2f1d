import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LocalDriver {
    public func adopt(_ spec: SandboxSpec) async throws -> any Sandbox {
        let state = StateDirectory(path: spec.stateDirectory)
        guard let record = SandboxRecord.read(state.path), record.id == spec.id else {
            throw SandboxError.lost("there is no sandbox in \(state.path)")
        }
        let lease = CgroupLease.find(id: record.id, process: record.inner?.pid, placement: cgroup)
        let process = SandboxProcess(.adopt(record, state, lease))
        try await process.boot()
        return LocalSandbox(spec: spec, state: state, environment: record.environment, process: process)
    }

    public func endOrphan(stateDirectory: String) async -> OrphanEnd {
        guard let record = SandboxRecord.read(stateDirectory) else { return OrphanEnd(wasRunning: false) }
        // Waits for processes to end: not on a thread that others need.
        return await withCheckedContinuation { continuation in
            let run: @Sendable () -> Void = {
                let end = OrphanHunt(record: record, placement: cgroup).run()
                if end.remaining == 0 { SandboxRecord.remove(stateDirectory) }
                continuation.resume(returning: end)
            }
            if DetachedThread.start(run) != 0 { run() }
        }
    }
}

/// Ends a sandbox that nobody holds and looks whether anything is left. Blocking.
struct OrphanHunt {
    let record: SandboxRecord
    let placement: CgroupPlacement

    /// How long the kernel has to let a killed process go; one that is stuck in it must not hold up a service.
    private static let patienceMilliseconds: Int32 = 10_000

    func run() -> OrphanEnd {
        guard record.isOfThisBoot else { return OrphanEnd(wasRunning: false) }
        let search = SandboxProcesses(record: record)
        let first = search.first()
        var found: [ProcessIdentity] = []
        var namespace: String?
        // Held open until the last look: the kernel gives the number of a namespace that is gone to the next one.
        var held: Int32 = -1
        defer { Descriptors.close(held) }
        if let first {
            held = open("/proc/\(first.pid)/ns/pid", O_RDONLY | O_CLOEXEC)
            namespace = HostPaths.linkTarget("/proc/\(first.pid)/ns/pid")
            found = SandboxProcesses.living(inNamespaceOf: first)
        }
        found += outer(search, besides: found)
        let lease = (first ?? found.first).flatMap {
            CgroupLease.find(id: record.id, process: $0.pid, placement: placement)
        }
        var problems: [String] = []
        if let first, !SandboxProcesses.end(first, milliseconds: Self.patienceMilliseconds) {
            problems.append("its first process \(first.pid) does not end")
        }
        // Twice: what was just being started had no name yet.
        for _ in 0..<2 {
            for process in outer(search, besides: []) {
                if !SandboxProcesses.end(process, milliseconds: Self.patienceMilliseconds) {
                    problems.append("process \(process.pid) does not end")
                }
            }
        }
        if let lease, !lease.kill() { problems.append("its control group is not empty") }
        lease?.remove()
        let left = remaining(search, namespace: held >= 0 ? namespace : nil, &problems)
        return OrphanEnd(
            wasRunning: !found.isEmpty, killed: max(0, found.count - left.count), remaining: left.count,
            problem: problems.isEmpty ? nil : problems.joined(separator: "; "))
    }

    /// bubblewrap and what bears the sandbox's name.
    private func outer(_ search: SandboxProcesses, besides known: [ProcessIdentity]) -> [ProcessIdentity] {
        var found = search.named()
        if record.isOfThisNamespace, let outer = record.outer, !found.contains(outer), let open = outer.open() {
            Descriptors.close(open)
            found.append(outer)
        }
        return found.filter { !known.contains($0) }
    }

    /// Looks once more, in every way there is.
    private func remaining(
        _ search: SandboxProcesses, namespace: String?, _ problems: inout [String]
    ) -> [ProcessIdentity] {
        var left = outer(search, besides: [])
        if let namespace, namespace != SandboxRecord.currentNamespace {
            left += SandboxProcesses.living(inNamespace: namespace).filter { !left.contains($0) }
        }
        // Only while the id is ours can no other sandbox have it.
        if let id = record.user, let user = SessionUser.take(id) {
            for process in SandboxProcesses.living(as: id) where !left.contains(process) {
                if !SandboxProcesses.end(process, milliseconds: Self.patienceMilliseconds) { left.append(process) }
            }
            withExtendedLifetime(user) {}
        } else if let id = record.user, geteuid() == 0, !SandboxProcesses.living(as: id).isEmpty {
            problems.append("user \(id) has been given to another sandbox, so its processes prove nothing")
        }
        return left
    }
}
