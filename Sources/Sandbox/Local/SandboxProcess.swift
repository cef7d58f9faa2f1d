import CSpawn
import SupervisorProtocol
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The processes of one sandbox and the thread that serves them.
final class SandboxProcess: Sendable {
    enum Origin: Sendable {
        case launch(LaunchPlan)
        /// Started by a former service.
        case adopt(SandboxRecord, StateDirectory, CgroupLease?)
    }

    private struct State {
        var boot: CheckedContinuation<Void, any Error>?
        var stopRequested = false
        /// Why the sandbox is to be stopped when nobody asked for it.
        var givenUp: String?
        var detachRequested = false
        var cutRequested = false
        /// Until it was started; what it holds (the user's lock among it) is let go of with the sandbox.
        var origin: Origin?
        /// The process of the sandbox program.
        var program: ProcessIdentity?
        var termination: SandboxTermination?
        var waiters: [CheckedContinuation<SandboxTermination, Never>] = []
    }

    let link: SupervisorLink
    let outbox = Outbox()
    let connections = PassedConnections()
    /// How the upper layer is marked.
    let overlayAttributes: OverlayChanges.Attributes
    private let state: Mutex<State>

    init(_ origin: Origin) {
        state = Mutex(State(origin: origin))
        let journal: String
        switch origin {
        case .launch(let plan):
            journal = plan.journalPath
            overlayAttributes = plan.overlayAttributes
        case .adopt(let record, let state, _):
            journal = state.journal
            overlayAttributes = state.marks(ofOwnUser: record.user != nil)
        }
        link = SupervisorLink(transmit: { [outbox] in outbox.enqueue($0) }) { JournalFiles(journal).record(of: $0) }
    }

    /// Starts the sandbox or connects to it; returns when its supervisor has answered.
    func boot() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            state.withLock { $0.boot = continuation }
            let code = DetachedThread.start { self.run() }
            if code != 0 { bootEnded(.failure(SandboxError.setUpFailed(step: "start a thread", errno: code))) }
        }
    }

    func requestStop() {
        state.withLock { $0.stopRequested = true }
        outbox.wakeUp()
    }

    /// Ends the sandbox because it cannot go on.
    func giveUp(_ reason: String) {
        state.withLock { if $0.givenUp == nil { $0.givenUp = reason } }
        requestStop()
    }

    /// Leaves the sandbox running.
    func requestDetach() {
        state.withLock { $0.detachRequested = true }
        outbox.wakeUp()
    }

    /// Cuts the connection as a fault would. For tests.
    func cutConnection() {
        state.withLock { $0.cutRequested = true }
        outbox.wakeUp()
    }

    /// The process of the sandbox program, once it was started and while it is there: an adopted one's number may have
    /// become another's.
    var program: pid_t? {
        state.withLock { $0.program }.flatMap { ProcessIdentity(pid: $0.pid) == $0 ? $0.pid : nil }
    }

    var termination: SandboxTermination {
        get async {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state in
                    if state.termination == nil { state.waiters.append(continuation) }
                    return state.termination
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    func bootEnded(_ outcome: Result<Void, any Error>) {
        let continuation = state.withLock { $0.boot.take() }
        continuation?.resume(with: outcome)
    }

    private func run() {
        let program = serve()
        // One that was left running is still our child.
        if let program {
            defer { Descriptors.close(program) }
            _ = ProcessIdentity.wait(program, milliseconds: -1)
            var usage = cspawn_usage()
            _ = cspawn_reap_pidfd(program, &usage)
        }
    }

    /// The life of the sandbox as far as it is ours. Gives a descriptor of a child that lives on.
    private func serve() -> Int32? {
        guard let origin = state.withLock({ $0.origin.take() }) else { return nil }
        let isLaunched = if case .launch = origin { true } else { false }
        let lease = Self.lease(of: origin)
        let running: RunningSandbox
        do {
            switch origin {
            case .launch(let plan):
                running = try RunningSandbox.start(plan, outbox: outbox, connections: connections)
            case .adopt(let record, let state, _):
                running = try RunningSandbox.adopt(
                    record, stateDirectory: state.path, outbox: outbox, connections: connections)
            }
        } catch {
            ended(error, .lost(error.description), isLaunched ? lease : nil)
            return nil
        }
        state.withLock { $0.program = running.program }
        link.greet { [weak self] in self?.bootEnded(.success(())) }
        let end = running.serve(link: link) { [weak self] in
            self?.state.withLock { state in
                defer { state.cutRequested = false }
                return RunningSandbox.Wishes(
                    isBooting: state.boot != nil, stop: state.stopRequested, detach: state.detachRequested,
                    cut: state.cutRequested)
            } ?? RunningSandbox.Wishes(isBooting: false, stop: true, detach: false)
        }
        let wasBooting = state.withLock { $0.boot != nil }
        // What could not be adopted is not ours to kill.
        let isOurs = end != .detached && (isLaunched || !wasBooting || end == .stopped)
        if isOurs { running.tearDown(patiently: end != .stopped && end != .bootTimedOut) }
        switch end {
        case .stopped:
            if let reason = state.withLock({ $0.givenUp }) {
                ended(.lost(reason), .lost(reason), isOurs ? lease : nil)
            } else {
                ended(.stopped, .stopped, isOurs ? lease : nil)
            }
        case .detached:
            let program = isLaunched ? running.open.outer : -1
            ended(.detached, .detached, nil)
            return program >= 0 ? fcntl(program, F_DUPFD_CLOEXEC, 3) : nil
        case .bootTimedOut:
            ended(.bootTimedOut, .lost(SandboxError.bootTimedOut.description), isOurs ? lease : nil)
        case .streamEnded(let said):
            let reason = running.explanation(said)
            ended(wasBooting && isLaunched ? .bootFailed(reason) : .lost(reason), .lost(reason), isOurs ? lease : nil)
        }
        return nil
    }

    private static func lease(of origin: Origin) -> CgroupLease? {
        switch origin {
        case .launch(let plan): plan.lease
        case .adopt(_, _, let lease): lease
        }
    }

    private func ended(_ error: SandboxError, _ termination: SandboxTermination, _ lease: CgroupLease?) {
        if let lease {
            lease.kill()
            lease.remove()
        }
        outbox.close()
        link.fail(error)
        connections.end()
        bootEnded(.failure(error))
        let waiters = state.withLock { state -> [CheckedContinuation<SandboxTermination, Never>] in
            state.termination = termination
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: termination) }
    }
}

/// Starts threads that nobody joins.
enum DetachedThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Deep enough for the frames of the protocol, small enough for hundreds of sandboxes.
    static let stackSize = 512 << 10

    /// Zero, or an errno.
    static func start(stackSize: Int = stackSize, _ run: @escaping @Sendable () -> Void) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        if code != 0 { body.release() }
        return code
    }
}
