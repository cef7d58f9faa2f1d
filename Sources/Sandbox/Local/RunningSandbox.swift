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

    /// How the overlay that was mounted keeps its marks.
    let overlayAttributes: OverlayChanges.Attributes
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
        plan: LaunchPlan, outbox: Outbox, control: Int32, wake: Int32, errors: Int32, status: Int32,
        outer: cspawn_result
    ) {
        overlayAttributes = plan.overlayAttributes
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
    static func start(_ attempts: [LaunchPlan], outbox: Outbox) throws(SandboxError) -> RunningSandbox {
        var result = cspawn_result()
        for (index, plan) in attempts.enumerated() {
            var opened: [Int32] = []
            func take(_ descriptor: Int32, _ step: String) throws(SandboxError) -> Int32 {
                guard descriptor >= 0 else {
                    for other in opened { Descriptors.close(other) }
                    throw .setUpFailed(step: step, errno: errno)
                }
                opened.append(descriptor)
                return descriptor
            }
            func pair(_ code: Int32, _ ends: [Int32], _ step: String) throws(SandboxError) -> (Int32, Int32) {
                _ = try take(code < 0 ? -1 : ends[0], step)
                return (ends[0], try take(ends[1], step))
            }
            var ends: [Int32] = [-1, -1]
            let (ours, theirs) = try pair(cspawn_socketpair(&ends), ends, "make a socket")
            let (errorsRead, errorsWrite) = try pair(cspawn_pipe(&ends, true), ends, "make a pipe")
            let (statusRead, statusWrite) = try pair(cspawn_pipe(&ends, true), ends, "make a pipe")
            let journal = try take(open(plan.journalPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open the journal")
            let null = try take(open("/dev/null", O_RDWR | O_CLOEXEC), "open /dev/null")
            let wake = try take(cspawn_eventfd(), "make an event descriptor")

            let code = spawn(plan, [null, null, errorsWrite, theirs, journal, statusWrite], &result)
            for descriptor in [null, errorsWrite, theirs, journal, statusWrite] { Descriptors.close(descriptor) }
            if code == 0 {
                return RunningSandbox(
                    plan: plan, outbox: outbox, control: ours, wake: wake, errors: errorsRead, status: statusRead,
                    outer: result)
            }
            for descriptor in [ours, errorsRead, statusRead, wake] { Descriptors.close(descriptor) }
            let mayGoOn = result.error == EPERM && index + 1 < attempts.count
            guard mayGoOn else { break }
        }
        throw .setUpFailed(step: LaunchPlan.name(ofStep: result.step), errno: result.error)
    }

    private static func spawn(_ plan: LaunchPlan, _ descriptors: [Int32], _ result: inout cspawn_result) -> Int32 {
        let programs = CStringArray([plan.program])
        let arguments = CStringArray(plan.arguments)
        let environment = CStringArray(plan.environment)
        let texts = CStringArray([
            plan.overlayTarget, plan.overlayOptions, "/", plan.uidMap ?? "", plan.gidMap ?? "",
        ])
        return withExtendedLifetime((programs, arguments, environment, texts)) {
            descriptors.withUnsafeBufferPointer { descriptors in
                var stage = cspawn_stage()
                stage.overlay_target = texts.pointer[0]
                stage.overlay_options = texts.pointer[1]
                stage.uid_map = plan.uidMap == nil ? nil : texts.pointer[3]
                stage.gid_map = plan.gidMap == nil ? nil : texts.pointer[4]
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
