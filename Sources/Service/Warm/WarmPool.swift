import Agent
import Environments
import Sandbox
import Workspace

/// Makes ready what recent folders will need: a copy of the folder that is up to date, and a sandbox on it that waits.
///
/// What is ready is only ever a head start. A session looks at its folder and its configuration as if nothing were
/// there, and takes the sandbox only if it would make exactly the same.
actor WarmPool {
    /// A sandbox that waits, under the name of the session that is to have it.
    struct Waiting {
        var id: String
        var prepared: PreparedSandbox
    }

    private let settings: WarmPoolSettings
    private let bases: BaseStore
    private let driver: any SandboxDriver
    private let environments: EnvironmentStore?
    /// The folder of a session on the service's disk.
    private let directory: @Sendable (String) -> String
    /// What the newest sandbox of a folder was made from, the folder that was used last at the end.
    private var specs: [(folder: String, spec: SandboxSpec)] = []
    private var waiting: [String: Waiting] = [:]
    private var used = (warm: 0, cold: 0)
    private var refreshing: Task<Void, Never>?
    private var isClosed = false

    init(
        _ settings: WarmPoolSettings, bases: BaseStore, driver: any SandboxDriver, environments: EnvironmentStore?,
        directory: @escaping @Sendable (String) -> String
    ) {
        self.settings = settings
        self.bases = bases
        self.driver = driver
        self.environments = environments
        self.directory = directory
    }

    /// The sandbox that waits for a session on this folder; it is the caller's from now on.
    func take(_ folder: String) -> Waiting? { waiting.removeValue(forKey: folder) }

    /// A session's sandbox was started.
    /// - Parameter isWarm: it was one that waited.
    func started(_ spec: SandboxSpec, isWarm: Bool) {
        if isWarm { used.warm += 1 } else { used.cold += 1 }
        // What leads out of a sandbox is the session's own.
        guard settings.isOn, !spec.egress else { return }
        specs.removeAll { $0.folder == spec.workspacePath }
        specs.append((spec.workspacePath, spec))
        if specs.count > settings.repositories { specs.removeFirst() }
    }

    /// Brings everything up to date, as long as nobody works.
    /// - Parameters:
    ///   - recent: folders of recent sessions, the newest first.
    ///   - isIdle: asked again before each folder.
    func refresh(_ recent: [String], isIdle: @escaping @Sendable () async -> Bool) async {
        guard settings.isOn, refreshing == nil, !isClosed else { return }
        let work = Task { await self.refreshAll(recent, isIdle: isIdle) }
        refreshing = work
        await work.value
        refreshing = nil
    }

    private func refreshAll(_ recent: [String], isIdle: @Sendable () async -> Bool) async {
        for folder in recent.prefix(settings.repositories) {
            guard !isClosed, await isIdle() else { return }
            await refresh(folder)
        }
    }

    private func refresh(_ folder: String) async {
        let known = waiting[folder]
        let holder = known?.id ?? SessionIdentifier.make()
        // A folder that is gone, or too large, is not made ready: a session on it says why.
        guard let rules = try? await Background.run({ try WorkspaceRules.load(folder: folder) }),
            let base = try? await bases.take(folder: folder, rules: rules, holder: holder).snapshot.base
        else {
            await bases.release(holder)
            return
        }
        if let known {
            // Taken meanwhile, or as it should be.
            guard waiting[folder]?.id == known.id, known.prepared.spec.base != base else { return }
            waiting[folder] = nil
            await end(known)
            return await refresh(folder)
        }
        guard !isClosed, settings.sandboxes > 0, let learned = specs.last(where: { $0.folder == folder })?.spec,
            DirectoryMaker.make(directory(holder))
        else { return await bases.release(holder) }
        var spec = learned
        spec.id = holder
        spec.stateDirectory = directory(holder)
        spec.base = base
        do {
            try await environments?.share(learned.stateDirectory, with: spec.stateDirectory)
            let sandbox = try await driver.create(spec)
            let made = Waiting(id: holder, prepared: PreparedSandbox(spec: spec, sandbox: sandbox))
            guard !isClosed, waiting[folder] == nil else { return await end(made) }
            waiting[folder] = made
            await makeRoom()
        } catch {
            await discard(holder)
        }
    }

    /// Ends the sandboxes of the folders that were used longest ago, beyond the budget.
    private func makeRoom() async {
        let order = specs.map(\.folder)
        while waiting.count > settings.sandboxes {
            let oldest = waiting.keys.min {
                (order.firstIndex(of: $0) ?? -1) < (order.firstIndex(of: $1) ?? -1)
            }
            guard let oldest, let made = waiting.removeValue(forKey: oldest) else { return }
            await end(made)
        }
    }

    private func end(_ made: Waiting) async {
        await made.prepared.sandbox.stop()
        await discard(made.id)
    }

    private func discard(_ id: String) async {
        let directory = directory(id)
        try? await Background.run { try LocalDriver.discard(stateDirectory: directory) }
        await bases.release(id)
    }

    /// Ends what waits; nothing is made any more.
    func close() async {
        isClosed = true
        // A sandbox that is being made now is ended by its maker.
        await refreshing?.value
        let all = waiting.values
        waiting = [:]
        for made in all { await end(made) }
    }

    /// Sandboxes that wait.
    var count: Int { waiting.count }

    var metrics: [MetricSample] {
        get async {
            var samples = [
                MetricSample(
                    name: "cofferdam_warm_sandboxes", help: "Sandboxes that wait for a session.", kind: .gauge,
                    value: Double(waiting.count)),
                MetricSample(
                    name: "cofferdam_bases_bytes", help: "Bytes of copies of folders.", kind: .gauge,
                    value: Double(await bases.bytes)),
            ]
            for (kind, value) in [("warm", used.warm), ("cold", used.cold)] {
                samples.append(
                    MetricSample(
                        name: "cofferdam_sandboxes_started_total",
                        help: "Sandboxes of sessions, by whether one waited.",
                        kind: .counter, labels: [.init("start", kind)], value: Double(value)))
            }
            let taken = await bases.taken
            for origin in BaseStore.Origin.allCases {
                samples.append(
                    MetricSample(
                        name: "cofferdam_bases_taken_total",
                        help: "Copies of folders for sessions, by where they came from.", kind: .counter,
                        labels: [.init("origin", origin.rawValue)], value: Double(taken[origin] ?? 0)))
            }
            return samples
        }
    }
}
