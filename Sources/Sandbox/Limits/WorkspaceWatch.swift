import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Holds a session to the size of its workspace: looks at what it has added and, beyond the limit, ends its commands and
/// refuses writes until there is less. The session goes on, so that the model can clean up. Beyond twice the limit the
/// sandbox ends.
///
/// Looking has a cost that grows with the tree, so it is done the less often the longer it takes. What the file system has
/// free is asked for more often: when it shrinks by what the session has left, there is a look at once.
final class WorkspaceWatch: Sendable {
    /// What a command that was ended for it is told.
    static let limitName = LimitGuards.workspace

    struct Actions: Sendable {
        /// Ends the running commands on behalf of the limit of this name.
        var endCommands: @Sendable (String) async -> Void
        /// Ends the sandbox.
        var endSandbox: @Sendable (String) -> Void
        /// Bytes of files that commands hold open and have deleted, counted up to a bound.
        var unnamedBytes: @Sendable (Int) -> Int
    }

    private struct State {
        /// Why nothing more is written, for the user; nil: there is room.
        var excess: String?
        /// What commands printed has filled its part of the disk.
        var journalIsFull = false
    }

    private let directories: [String]
    private let journal: String
    private let limits: ResourceLimits
    private let actions: Actions
    private let state = Mutex(State())

    private static let pollInterval = Duration.milliseconds(250)
    private static let leastInterval = Duration.seconds(1)
    private static let mostInterval = Duration.seconds(60)
    /// Looking takes this part of the time at most; half of it when the disk fills up.
    private static let costFactor = 20
    /// What a command may add while the model cleans up, before it is ended too.
    private static let slackBytes = 16 << 20
    private static let slackFiles = 1_000

    /// Bytes of output that a session keeps on disk: a quarter of what it may add to the workspace, but enough for some
    /// long logs in any case.
    private static let leastJournal = 256 << 20
    /// Bytes of each stream that a command still keeps afterwards.
    private static let shortOutput = 256 << 10

    /// - Parameters:
    ///   - directories: what the session has added, on disk.
    ///   - journal: what its commands have printed, on disk.
    init(directories: [String], journal: String, limits: ResourceLimits, actions: Actions) {
        self.directories = directories
        self.journal = journal
        self.limits = limits
        self.actions = actions
    }

    /// Throws while the workspace is too large for anything to be written.
    func checkRoom() throws(SandboxError) {
        if let excess = state.withLock({ $0.excess }) { throw .limitReached(excess) }
    }

    /// Bytes of each stream that a command may keep: less than was asked for when the session's part of the disk is full.
    func outputLimit(_ asked: Int) -> Int {
        state.withLock { $0.journalIsFull } ? min(asked, Self.shortOutput) : asked
    }

    /// Until cancelled, or the sandbox is ended.
    func run() async {
        var last = DiskUsage()
        var lastFree = freeBytes()
        var lastLook = ContinuousClock.now
        var interval = Self.leastInterval
        var cost = Duration.zero
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.pollInterval)
            let free = freeBytes()
            let room = max(0, limits.workspaceBytes - last.bytes)
            let isFilling = lastFree - free > max(room / 2, Self.slackBytes)
            let waited = ContinuousClock.now - lastLook
            guard waited >= (isFilling ? max(Self.pollInterval, cost * 2) : interval) else { continue }
            let bound = DiskUsage(bytes: 2 * limits.workspaceBytes, files: 2 * limits.workspaceFiles)
            let (usage, newCost) = await DiskScanner.shared.measure(
                directories, atMost: bound, besides: actions.unnamedBytes)
            let most = max(Self.leastJournal, limits.workspaceBytes / 4)
            let printed = await DiskScanner.shared.measure([journal], atMost: DiskUsage(bytes: most, files: .max))
            state.withLock { $0.journalIsFull = printed.usage.bytes > most }
            cost = newCost + printed.cost
            interval = min(Self.mostInterval, max(Self.leastInterval, cost * Self.costFactor))
            lastLook = .now
            lastFree = free
            guard !Task.isCancelled else { return }
            if usage.bytes > bound.bytes || usage.files > bound.files {
                actions.endSandbox("more was added to the workspace than twice the limit of \(text(usage))")
                return
            }
            await act(on: usage, before: &last)
        }
    }

    /// `last` is what was there when commands were last ended, or the last look below the limit.
    private func act(on usage: DiskUsage, before last: inout DiskUsage) async {
        guard usage.bytes > limits.workspaceBytes || usage.files > limits.workspaceFiles || usage.isTooDeep else {
            state.withLock { $0.excess = nil }
            last = usage
            return
        }
        let isNew = state.withLock { state in
            defer {
                state.excess =
                    "more was added to the workspace than the limit of \(text(usage)); delete what is not needed, then try again"
            }
            return state.excess == nil
        }
        guard isNew || usage.bytes > last.bytes + Self.slackBytes || usage.files > last.files + Self.slackFiles else {
            last.bytes = min(last.bytes, usage.bytes)
            last.files = min(last.files, usage.files)
            return
        }
        last = usage
        await actions.endCommands("\(Self.limitName) (\(text(usage)))")
    }

    /// Which bound was passed.
    private func text(_ usage: DiskUsage) -> String {
        if usage.bytes > limits.workspaceBytes { return Self.amount(limits.workspaceBytes) }
        if usage.files > limits.workspaceFiles { return "\(limits.workspaceFiles) files" }
        return "\(DiskUsage.maximumDepth) nested directories"
    }

    private func freeBytes() -> Int {
        var information = statvfs()
        guard let directory = directories.first, statvfs(directory, &information) == 0 else { return 0 }
        return Int(clamping: UInt64(information.f_bavail) &* UInt64(information.f_frsize))
    }

    private static func amount(_ bytes: Int) -> String {
        bytes >= 1 << 30 && bytes % (1 << 30) == 0 ? "\(bytes >> 30) GiB" : "\(max(1, bytes >> 20)) MiB"
    }
}
