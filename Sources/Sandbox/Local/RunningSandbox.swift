import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The descriptors of a started sandbox, used by its thread only.
final class RunningSandbox {
    enum End: Equatable {
        case stopped
        case bootTimedOut
        /// With what the supervisor or the protocol had to say.
        case streamEnded(String?)
    }

    /// How long a boot may take before it is given up; generous, as a loaded machine is no reason to fail.
    private static let bootMilliseconds = 30_000
    /// How long the sandbox program has to report the end of its first process by itself.
    private static let patienceMilliseconds: Int32 = 2_000
    /// What is kept of its standard error.
    private static let maximumErrorText = 4 << 10

    private let outbox: Outbox
    private let control: Int32
    private let wake: Int32
    private var errors: Int32
    private var status: Int32
    private let outer: cspawn_result
    /// The first process inside; -1 until bubblewrap has told its number.
    private var inner: Int32 = -1
    private var errorText: [UInt8] = []
    private var statusText: [UInt8] = []
    private var usage: cspawn_usage?

    private init(
        outbox: Outbox, control: Int32, wake: Int32, errors: Int32, status: Int32, outer: cspawn_result
    ) {
        self.outbox = outbox
        self.control = control
        self.wake = wake
        self.errors = errors
        self.status = status
        self.outer = outer
        outbox.open(control: control, wake: wake)
    }

    deinit {
        for descriptor in [errors, status, outer.pidfd, inner] { Descriptors.close(descriptor) }
    }

    /// Starts the sandbox program in the calling thread, which must outlive it.
    static func start(_ plan: LaunchPlan, outbox: Outbox) throws(SandboxError) -> RunningSandbox {
        var opened: [Int32] = []
        var kept: [Int32] = []
        defer { for descriptor in opened where !kept.contains(descriptor) { Descriptors.close(descriptor) } }
        /// `code` is a descriptor, or an errno below zero.
        func take(_ code: Int32, _ step: String) throws(SandboxError) -> Int32 {
            guard code >= 0 else { throw .setUpFailed(step: step, errno: -code) }
            opened.append(code)
            return code
        }
        func opening(_ path: String, _ flags: Int32) -> Int32 {
            let descriptor = open(path, flags | O_CLOEXEC)
            return descriptor < 0 ? -errno : descriptor
        }
        func pair(_ code: Int32, _ ends: [Int32], _ step: String) throws(SandboxError) -> (Int32, Int32) {
            guard code >= 0 else { throw .setUpFailed(step: step, errno: -code) }
            opened += ends
            return (ends[0], ends[1])
        }
        var ends: [Int32] = [-1, -1]
        let (ours, theirs) = try pair(cspawn_socketpair(&ends), ends, "make a socket")
        let (errorsRead, errorsWrite) = try pair(cspawn_pipe(&ends, true), ends, "make a pipe")
        let (statusRead, statusWrite) = try pair(cspawn_pipe(&ends, true), ends, "make a pipe")
        let journal = try take(opening(plan.journalPath, O_RDONLY | O_DIRECTORY), "open the journal")
        let null = try take(opening("/dev/null", O_RDWR), "open /dev/null")
        let filter = try take(SyscallFilter.open(), SyscallFilter.step)
        let wake = try take(cspawn_eventfd(), "make an event descriptor")
        var owner: Int32 = -1
        if let user = plan.user, plan.ownedBase != nil {
            owner = try take(cspawn_owner_namespace(user.id), LaunchPlan.ownerStep)
        }
        var result = cspawn_result()
        let given = [null, null, errorsWrite, theirs, journal, statusWrite, filter]
        guard spawn(plan, given, owner: owner, &result) == 0 else {
            throw .setUpFailed(step: LaunchPlan.name(ofStep: result.step), errno: result.error)
        }
        kept = [ours, errorsRead, statusRead, wake]
        return RunningSandbox(
            outbox: outbox, control: ours, wake: wake, errors: errorsRead, status: statusRead, outer: result)
    }

    private static func spawn(
        _ plan: LaunchPlan, _ descriptors: [Int32], owner: Int32, _ result: inout cspawn_result
    ) -> Int32 {
        let programs = CStringArray([plan.program])
        let arguments = CStringArray(plan.arguments)
        let environment = CStringArray(plan.environment)
        let binds = plan.staging?.binds ?? []
        let texts = CStringArray(
            [
                plan.overlayTarget, plan.overlayOptions, "/", plan.uidMap ?? "", plan.gidMap ?? "",
                plan.ownedBase ?? "",
                Staging.root, Staging.base,
            ] + binds.flatMap { [$0.source, $0.target] })
        let pairs = binds.indices.map { index in
            let first = 8 + 2 * index
            return cspawn_bind(source: texts.pointer[first], target: texts.pointer[first + 1])
        }
        return withExtendedLifetime((programs, arguments, environment, texts)) {
            descriptors.withUnsafeBufferPointer { descriptors in
                pairs.withUnsafeBufferPointer { pairs in
                    var stage = cspawn_stage()
                    stage.overlay_target = texts.pointer[0]
                    stage.overlay_options = texts.pointer[1]
                    stage.uid_map = plan.uidMap == nil ? nil : texts.pointer[3]
                    stage.gid_map = plan.gidMap == nil ? nil : texts.pointer[4]
                    if plan.ownedBase != nil {
                        stage.owned_source = texts.pointer[5]
                        stage.owned_target = texts.pointer[7]
                    }
                    stage.owner_namespace = owner
                    stage.staging = plan.staging == nil ? nil : texts.pointer[6]
                    stage.binds = pairs.baseAddress
                    stage.bind_count = pairs.count
                    stage.user = plan.user?.id ?? 0
                    stage.group = plan.user?.id ?? 0
                    return withUnsafePointer(to: stage) { stage in
                        var options = cspawn_options()
                        options.programs = programs.pointer
                        options.arguments = arguments.pointer
                        options.environment = environment.pointer
                        options.directory = texts.pointer[2]
                        options.descriptors = descriptors.baseAddress
                        options.descriptor_count = descriptors.count
                        options.new_session = true
                        options.parent_death_signal = SIGKILL
                        options.stage = stage
                        return cspawn_start(&options, &result)
                    }
                }
            }
        }
    }

    /// Moves bytes until the sandbox ends or is to be stopped.
    func serve(link: SupervisorLink, isBooting: () -> Bool, stopRequested: () -> Bool) -> End {
        let deadline = Descriptors.monotonicMilliseconds() + Self.bootMilliseconds
        var decoder = FrameDecoder()
        var said: String?
        while true {
            if stopRequested() { return .stopped }
            let booting = isBooting()
            let left = deadline - Descriptors.monotonicMilliseconds()
            if booting, left <= 0 { return .bootTimedOut }
            let hasMore = !outbox.flush()
            var polled = [
                pollfd(fd: control, events: Int16(POLLIN | (hasMore ? POLLOUT : 0)), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
                pollfd(fd: status, events: Int16(POLLIN), revents: 0),
                pollfd(fd: outer.pidfd, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&polled, nfds_t(polled.count), booting ? Int32(clamping: left) : -1)
            let ready = polled.map { $0.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 }
            if ready[1] { _ = Descriptors.read(wake, atMost: 8) }
            if ready[2] { readErrors() }
            if ready[3] { readStatus() }
            if ready[0], let bytes = Descriptors.read(control) {
                if bytes.isEmpty { return .streamEnded(said) }
                decoder.append(bytes)
                do {
                    while let frame = try decoder.next() {
                        let event = try SupervisorEvent(frame)
                        if case .failed(let text) = event { said = "its supervisor reported: \(text)" }
                        try link.receive(event)
                    }
                } catch {
                    return .streamEnded("its supervisor broke the protocol: \(error)")
                }
            } else if ready[0], errno != EAGAIN, errno != EINTR {
                return .streamEnded(said)
            }
            if ready[4], !ready[0] { return .streamEnded(said) }
        }
    }

    private func readErrors() {
        guard let bytes = Descriptors.read(errors, atMost: 4096) else { return }
        if bytes.isEmpty {
            Descriptors.close(errors)
            errors = -1
        }
        errorText = Array((errorText + bytes).suffix(Self.maximumErrorText))
    }

    /// Learns the number of the first process inside from bubblewrap's report.
    private func readStatus() {
        guard let bytes = Descriptors.read(status, atMost: 4096) else { return }
        if bytes.isEmpty {
            // bubblewrap has ended; its last report stands in statusText.
            Descriptors.close(status)
            status = -1
        }
        statusText = Array((statusText + bytes).suffix(Self.maximumErrorText))
        guard inner < 0, let pid = Self.childNumber(in: statusText) else { return }
        let descriptor = cspawn_pidfd_open(pid)
        guard descriptor >= 0 else { return }
        // The number could have been given to another process since; bubblewrap's own child it must be.
        if Self.parent(of: pid) == outer.pid { inner = descriptor } else { Descriptors.close(descriptor) }
    }

    private static func childNumber(in text: [UInt8]) -> pid_t? {
        let words = text.split { !"abcdefghijklmnopqrstuvwxyz-0123456789".utf8.contains($0) }
        guard let key = words.firstIndex(where: { $0.elementsEqual("child-pid".utf8) }), key + 1 < words.count else {
            return nil
        }
        return pid_t(String(decoding: words[key + 1], as: UTF8.self)).flatMap { $0 > 1 ? $0 : nil }
    }

    private static func parent(of pid: pid_t) -> pid_t? {
        guard let bytes = Descriptors.contents(ofFile: "/proc/\(pid)/stat", limit: 4096),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 1 ? pid_t(String(decoding: fields[1], as: UTF8.self)) : nil
    }

    /// Kills the sandbox and returns when no process of it is left: the kernel reports the end of the first process
    /// inside only after all others of its PID namespace are gone.
    func tearDown(patiently: Bool) {
        if patiently { _ = Self.waitFor(outer.pidfd, milliseconds: Self.patienceMilliseconds) }
        if status >= 0 { readStatus() }
        if inner >= 0 {
            _ = cspawn_pidfd_signal(inner, SIGKILL)
            _ = Self.waitFor(inner, milliseconds: -1)
        }
        // Given a moment, bubblewrap reports by itself; without a known first process its own end is what kills it.
        if inner < 0 || !Self.waitFor(outer.pidfd, milliseconds: Self.patienceMilliseconds) {
            _ = cspawn_pidfd_signal(outer.pidfd, SIGKILL)
        }
        _ = Self.waitFor(outer.pidfd, milliseconds: -1)
        var used = cspawn_usage()
        if cspawn_reap_pidfd(outer.pidfd, &used) == 0 { usage = used }
        while errors >= 0, let bytes = Descriptors.read(errors, atMost: 4096), !bytes.isEmpty { errorText += bytes }
        errorText = Array(errorText.suffix(Self.maximumErrorText))
    }

    /// True when the process has ended.
    private static func waitFor(_ pidfd: Int32, milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&polled, 1, milliseconds)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    /// Why it ended, for the user: what the supervisor said, how the program ended and what it printed.
    func explanation(_ said: String?) -> String {
        var parts: [String] = []
        if let said { parts.append(said) }
        if let usage {
            let code = usage.exit_code
            if usage.signal != 0 {
                parts.append("bubblewrap was killed by signal \(usage.signal)")
            } else if code > 128 {
                parts.append("its first process was killed by signal \(code - 128)")
            } else {
                parts.append("its first process ended with exit code \(code)")
            }
        }
        let printed = String(decoding: errorText, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.filter { !$0.isASCII || $0 >= " " } }.joined(separator: "; ")
        if !printed.isEmpty { parts.append(printed) }
        return parts.isEmpty ? "it ended without a word" : parts.joined(separator: "; ")
    }
}
