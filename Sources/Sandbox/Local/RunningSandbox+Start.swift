import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension RunningSandbox {
    /// Descriptors that are closed again unless they are kept.
    private struct Opened {
        private(set) var all: [Int32] = []

        /// `code` is a descriptor, or an errno below zero.
        mutating func take(_ code: Int32, _ step: String) throws(SandboxError) -> Int32 {
            guard code >= 0 else { throw .setUpFailed(step: step, errno: -code) }
            all.append(code)
            return code
        }

        mutating func pipe() throws(SandboxError) -> (read: Int32, write: Int32) {
            var ends: [Int32] = [-1, -1]
            let code = cspawn_pipe(&ends, true)
            guard code >= 0 else { throw .setUpFailed(step: "make a pipe", errno: -code) }
            all += ends
            return (ends[0], ends[1])
        }

        mutating func add(_ descriptors: [Int32]) { all += descriptors }

        func close(except kept: [Int32]) {
            for descriptor in all where !kept.contains(descriptor) { Descriptors.close(descriptor) }
        }
    }

    /// Starts the sandbox program.
    static func start(
        _ plan: LaunchPlan, outbox: Outbox, connections: PassedConnections
    ) throws(SandboxError) -> RunningSandbox {
        var opened = Opened()
        var kept: [Int32] = []
        defer { opened.close(except: kept) }
        let directory = try opened.take(place(plan.stateDirectory), "open the state directory")
        let listener = try opened.take(
            cspawn_listen_local(directory, StateDirectory.controlSocket), "listen for the supervisor")
        let errors = try opened.pipe()
        let status = try opened.pipe()
        let journal = try opened.take(opening(plan.journalPath, O_RDONLY | O_DIRECTORY), "open the journal")
        let null = try opened.take(opening("/dev/null", O_RDWR), "open /dev/null")
        let filter = try opened.take(SyscallFilter.open(), SyscallFilter.step)
        let wake = try opened.take(cspawn_eventfd(), "make an event descriptor")
        var owner: Int32 = -1
        if let user = plan.user, !plan.mounts.owned.isEmpty {
            owner = try opened.take(cspawn_owner_namespace(user.id), LaunchPlan.ownerStep)
        }
        var gatewayListener: Int32 = -1
        if plan.record.egress {
            gatewayListener = try opened.take(
                cspawn_listen_local(directory, StateDirectory.gatewaySocket), "listen for the gateway")
        }
        // At their numbers of SandboxLayout; what there is none of is closed by the supervisor.
        let counter = plan.lease?.oomDescriptor ?? -1
        let lock = plan.user?.lock ?? -1
        let joining = plan.lease?.openCommandFiles() ?? []
        opened.add(joining)
        let fixed = [null, null, errors.write, listener, journal, status.write, filter, gatewayListener, counter, lock]
        let given = (fixed + joining).map { $0 < 0 ? null : $0 }
        let groups = plan.lease?.openProcessFiles() ?? []
        opened.add(groups)
        var started = plan
        started.tellSupervisor(
            gateway: gatewayListener >= 0, counter: counter >= 0, lock: lock >= 0, groups: joining.count)
        // A service that is killed in the next moment leaves something that can be found.
        try plan.record.write(plan.stateDirectory)
        var result = cspawn_result()
        guard spawn(started, given, owner: owner, groups: groups, &result) == 0 else {
            SandboxRecord.remove(plan.stateDirectory)
            throw .setUpFailed(step: LaunchPlan.name(ofStep: result.step), errno: result.error)
        }
        var descriptors = Ends(directory: directory, control: -1, gateway: -1, wake: wake)
        descriptors.errors = errors.read
        descriptors.status = status.read
        descriptors.outer = result.pidfd
        var record = plan.record
        record.outer = ProcessIdentity(pid: result.pid)
        try? record.write(plan.stateDirectory)
        // They wait in the sockets' queues until the supervisor is up. Ours are the first.
        descriptors.control = connect(directory, StateDirectory.controlSocket)
        if gatewayListener >= 0 {
            descriptors.gateway = max(-1, connect(directory, StateDirectory.gatewaySocket))
        }
        kept = [directory, wake, errors.read, status.read]
        let running = RunningSandbox(
            record: record, stateDirectory: plan.stateDirectory, outbox: outbox, connections: connections,
            descriptors: descriptors)
        guard descriptors.control >= 0 else {
            running.tearDown(patiently: false)
            throw .setUpFailed(step: "connect to the supervisor", errno: -descriptors.control)
        }
        return running
    }

    /// Connects to a sandbox that a former service has started.
    static func adopt(
        _ record: SandboxRecord, stateDirectory: String, outbox: Outbox, connections: PassedConnections
    ) throws(SandboxError) -> RunningSandbox {
        var opened = Opened()
        var kept: [Int32] = []
        defer { opened.close(except: kept) }
        guard record.isOfThisNamespace, let inner = record.inner?.open() else {
            throw .lost("it ended while no service was there")
        }
        opened.add([inner])
        let directory = try opened.take(place(stateDirectory), "open the state directory")
        let wake = try opened.take(cspawn_eventfd(), "make an event descriptor")
        let control = connect(directory, StateDirectory.controlSocket)
        guard control >= 0 else { throw .lost("its supervisor cannot be reached: \(errnoText(-control))") }
        var descriptors = Ends(directory: directory, control: control, gateway: -1, wake: wake)
        descriptors.inner = inner
        descriptors.outer = record.outer?.open() ?? -1
        if record.egress {
            descriptors.gateway = max(-1, connect(directory, StateDirectory.gatewaySocket))
        }
        kept = opened.all
        return RunningSandbox(
            record: record, stateDirectory: stateDirectory, outbox: outbox, connections: connections,
            descriptors: descriptors)
    }

    private static func place(_ directory: String) -> Int32 { opening(directory, O_RDONLY | O_DIRECTORY) }

    private static func opening(_ path: String, _ flags: Int32) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC)
        return descriptor < 0 ? -errno : descriptor
    }
}
