import CSpawn
import SupervisorProtocol
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The processes of one sandbox and the thread that serves them.
///
/// The thread starts the sandbox program and lives as long as it does. That is no detail: the kernel sends the
/// "parent has died" signal, on which bubblewrap's --die-with-parent rests, when the *thread* that started it ends, and
/// threads of a pool end whenever they are idle.
final class SandboxProcess: Sendable {
    private struct State {
        var boot: CheckedContinuation<Void, any Error>?
        var stopRequested = false
        var termination: SandboxTermination?
        var waiters: [CheckedContinuation<SandboxTermination, Never>] = []
    }

    let link: SupervisorLink
    let outbox = Outbox()
    private let plan: LaunchPlan
    private let state = Mutex(State())

    init(_ plan: LaunchPlan) {
        self.plan = plan
        let journalPath = plan.journalPath
        link = SupervisorLink(transmit: { [outbox] in outbox.enqueue($0) }) { id in
            Descriptors.contents(ofFile: "\(journalPath)/\(id).exit", limit: 16 << 10, followLink: false)
                .flatMap { try? ExitRecord(journalBytes: $0) }
        }
    }

    /// Starts the sandbox; returns when its supervisor has answered.
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

    /// How the upper layer is marked.
    var overlayAttributes: OverlayChanges.Attributes { plan.overlayAttributes }

    var stopRequested: Bool { state.withLock { $0.stopRequested } }

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
        let running: RunningSandbox
        do {
            running = try RunningSandbox.start(plan, outbox: outbox)
        } catch {
            ended(error, .lost(error.description))
            return
        }
        link.greet { [weak self] in self?.bootEnded(.success(())) }
        let isBooting: @Sendable () -> Bool = { [weak self] in self?.state.withLock { $0.boot != nil } ?? false }
        let end = running.serve(link: link, isBooting: isBooting) { [weak self] in self?.stopRequested ?? true }
        running.tearDown(patiently: end != .stopped && end != .bootTimedOut)
        switch end {
        case .stopped:
            ended(.stopped, .stopped)
        case .bootTimedOut:
            ended(.bootTimedOut, .lost(SandboxError.bootTimedOut.description))
        case .streamEnded(let said):
            let reason = running.explanation(said)
            let wasBooting = isBooting()
            ended(wasBooting ? .bootFailed(reason) : .lost(reason), .lost(reason))
        }
    }

    private func ended(_ error: SandboxError, _ termination: SandboxTermination) {
        outbox.close()
        link.fail(error)
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
    private static let stackSize = 512 << 10

    /// Zero, or an errno.
    static func start(_ run: @escaping @Sendable () -> Void) -> Int32 {
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
