/// What was found of a sandbox that no service holds any more, and how it was ended.
public struct OrphanEnd: Sendable, Equatable {
    /// A sandbox of that directory was still running.
    public var wasRunning: Bool
    /// Processes that were alive and were killed, the sandbox program itself included.
    public var killed: Int
    /// Processes that are still there. Zero is a proof: the first process of its PID namespace is gone (the kernel lets
    /// it go last), its cgroup is empty where it has one, and no process has its user where it has one of its own.
    public var remaining: Int
    /// What stood in the way of the proof, for the log; nil when there was nothing.
    public var problem: String?

    public init(wasRunning: Bool, killed: Int = 0, remaining: Int = 0, problem: String? = nil) {
        self.wasRunning = wasRunning
        self.killed = killed
        self.remaining = remaining
        self.problem = problem
    }

    /// Nothing is left, and nothing stood in the way of seeing it.
    public var isProven: Bool { remaining == 0 && problem == nil }
}
