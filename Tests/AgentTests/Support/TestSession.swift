import AgentProtocol
import Glibc
import JSON
import Models
import Policy
import ProjectConfiguration
import Sandbox
import Store
import Synchronization
import TestSupport
import Testing
import Workspace

@testable import Agent

/// A session with a scripted model, and all that it logs.
final class TestSession: Sendable {
    let folder: TemporaryFolder
    /// The user's folder.
    let workspace: String
    let provider: ScriptedProvider
    let store: Store
    let log: EventLog
    let session: AgentSession
    let observed: Observed
    private let options: Options
    private let storePath: String
    private let cursor = Mutex(0)
    private let seen = Mutex<[AgentEvent]>([])

    /// What the session told its service.
    final class Observed: Sendable {
        let states = Mutex<[SessionState]>([])
        let outcomes = Mutex<[TurnOutcome?]>([])
        let asked = Mutex<[ApprovalRequest]>([])
        let resolved = Mutex<[ApprovalResolution]>([])
        let titles = Mutex<[String]>([])
        /// Open once the session has said that it is over.
        let ended = Gate()
    }

    struct Options: Sendable {
        var files: [String: String] = [:]
        var checks: [CheckSpecification]?
        var mode: SessionMode?
        var budgets: Budgets?
        var documents: [DocumentOverlay]?
        var images: [PromptImage]?
        var limits = AgentLimits()
        var resources = ResourceLimits()
        var layers: [PolicyLayer] = [.builtIn()]
        var network: (any NetworkProvider)?
        var prompt = "mend it"
        /// Where the store is; nil: in the test's own folder.
        var storePath: String?
        /// Whom it may ask; nil: the scripted model `m` alone.
        var models: ModelCatalog?
        var organisationChecks: [CheckDefinition] = []
        var baselines: BaselineStore?
        var user = "anna"
        var publications: (any PublicationHost)?
        var afterPush: WatchSettings?
        /// Of the model `m`.
        var prices: ModelPrices?
        var spendable = BudgetLimits()
        var ledger: (any UsageLedger)?
        /// Where its model traffic goes.
        var recording: RecordingFile?
        /// What it plays instead of asking the scripted model.
        var replay: TrafficPlayer?
        /// Holds workspace and state; nil: one of its own.
        var folder: TemporaryFolder?
        var stateName = "state"
        /// Called for each approval, for answers that come at once.
        var onApproval: @Sendable (AgentSession?, ApprovalRequest) async -> Void = { _, _ in }
    }

    convenience init(_ options: Options, driver: any SandboxDriver, _ steps: [ScriptedProvider.Step]) throws {
        let folder = try options.folder ?? TemporaryFolder()
        let workspace = try folder.makeFolder("workspace")
        _ = try folder.makeFolder(options.stateName)
        for (name, text) in options.files { try folder.write("workspace/\(name)", text) }
        let path = options.storePath ?? "\(folder.path)/sessions.sqlite"
        let store = try Store(path: path)
        try store.save(
            SessionRecord(
                sessionId: "s", workspaceFolder: workspace, title: "t", model: "m", state: .starting, createdAt: 1,
                updatedAt: 1))
        try self.init(options, driver: driver, steps, folder, store, path, state: .starting)
    }

    private init(
        _ options: Options, driver: any SandboxDriver, _ steps: [ScriptedProvider.Step], _ folder: TemporaryFolder,
        _ store: Store, _ storePath: String, state sessionState: SessionState
    ) throws {
        self.folder = folder
        self.options = options
        self.storePath = storePath
        self.store = store
        workspace = "\(folder.path)/workspace"
        let state = "\(folder.path)/\(options.stateName)"
        provider = ScriptedProvider(steps)
        log = try EventLog(sessionId: "s", store: store)
        let observed = Observed()
        self.observed = observed
        let box = Late<AgentSession>()
        var observer = AgentSessionObserver(
            stateChanged: { state, outcome in
                observed.states.withLock { $0.append(state) }
                observed.outcomes.withLock { $0.append(outcome) }
                if !state.isLive { await observed.ended.open() }
            },
            approvalRequested: { request in
                observed.asked.withLock { $0.append(request) }
                await options.onApproval(box.get(), request)
            },
            approvalResolved: { resolution in observed.resolved.withLock { $0.append(resolution) } })
        observer.titled = { title in observed.titles.withLock { $0.append(title) } }
        var configuration = AgentSessionConfiguration(
            sessionId: "s",
            start: AgentStart.Params(
                prompt: options.prompt, workspaceFolder: workspace, documents: options.documents,
                images: options.images, checks: options.checks, mode: options.mode, budgets: options.budgets),
            workspaceFolder: workspace, modelName: "m",
            models: options.models
                ?? ModelCatalog([
                    RoutedModel(
                        NamedModel(
                            name: "m", settings: ModelSettings(provider: .replay, model: "m"), prices: options.prices),
                        provider: provider)
                ]), driver: driver, stateDirectory: state,
            policyLayers: options.layers, limits: options.limits)
        configuration.resources = options.resources
        configuration.network = options.network
        configuration.organisationChecks = options.organisationChecks
        configuration.baselines = options.baselines
        configuration.user = options.user
        configuration.publications = options.publications
        configuration.afterPush = options.afterPush
        configuration.budgets = options.spendable
        configuration.ledger = options.ledger
        configuration.recording = options.recording
        configuration.replay = options.replay
        session = AgentSession(
            configuration: configuration, log: log, observer: observer, kept: try store.kept(of: "s"),
            state: sessionState)
        box.set(session)
    }

    /// The session under a new service, from what is on disk at this moment: as if the service that it is with had
    /// been killed now. What the old one still does reaches no one.
    func killed(
        driver: any SandboxDriver, _ steps: [ScriptedProvider.Step], options: Options? = nil,
        change: (Store) throws -> Void = { _ in }
    ) async throws -> TestSession {
        let path = "\(folder.path)/copy-\(UInt32.random(in: 0 ... .max)).sqlite"
        // What a write under way leaves in the log of the database is no valid entry yet.
        for end in ["", "-wal"] {
            guard let bytes = FileBytes.read(storePath + end, limit: 1 << 30) else { continue }
            #expect(FileBytes.write(bytes, toFile: path + end, mode: 0o600))
        }
        let store = try Store(path: path)
        try change(store)
        let session = try TestSession(
            options ?? self.options, driver: driver, steps, folder, store, path, state: await session.state)
        await session.session.resume()
        return session
    }

    /// Reads the log until an event that `matches` says yes to.
    @discardableResult
    func next<T>(_ matches: (AgentEvent) -> T?) async throws -> T {
        while true {
            let after = cursor.withLock { $0 }
            let page = try await log.events(afterSeq: after, limit: 1)
            for logged in page {
                #expect(logged.seq == after + 1)
                let params = try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: logged.params))
                cursor.withLock { $0 = logged.seq }
                seen.withLock { $0.append(params.event) }
                if let found = matches(params.event) { return found }
            }
        }
    }

    /// Every event so far, read by the test or not.
    func events() throws -> [AgentEvent] {
        try store.events(of: "s", afterSeq: 0, limit: 1_000_000, byteLimit: .max).map { logged in
            try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: logged.params)).event
        }
    }

    func turn() async throws -> TurnCompleted {
        try await next { if case .turnCompleted(let turn) = $0 { turn } else { nil } }
    }

    func state(_ wanted: SessionState) async throws -> SessionStatusEvent {
        try await next { if case .sessionStatus(let status) = $0, status.state == wanted { status } else { nil } }
    }

    func approval() async throws -> ApprovalRequest {
        try await next { if case .approvalRequested(let event) = $0 { event.approval } else { nil } }
    }

    func outcome(of tool: String) throws -> ToolCallCompleted? {
        var item: String?
        for event in try events() {
            if case .toolCallStarted(let started) = event, started.tool == tool { item = started.itemId }
            if case .toolCallCompleted(let completed) = event, completed.itemId == item { return completed }
        }
        return nil
    }

    func approve(
        _ id: String, _ decision: ApprovalDecision, feedback: String? = nil, arguments: JSON? = nil,
        client: String = "test"
    ) async -> AgentApprove.Result? {
        await session.approve(
            AgentApprove.Params(
                sessionId: "s", approvalId: id, decision: decision, feedback: feedback, arguments: arguments),
            client: client)
    }

    /// Ends the session and checks what must hold of every session.
    func finish() async throws {
        await session.stop(reason: "the test is over")
        provider.checkConversations()
        try checkItems()
        try? LocalDriver.discard(stateDirectory: "\(folder.path)/\(options.stateName)")
    }

    /// Every item that began has ended, exactly once, and its outputs are without holes.
    private func checkItems() throws {
        var open: Set<String> = []
        var background: Set<String> = []
        var offsets: [String: Int] = [:]
        for event in try events() {
            switch event {
            case .messageStarted(let item): #expect(open.insert(item.itemId).inserted)
            case .reasoningStarted(let item): #expect(open.insert(item.itemId).inserted)
            case .toolCallStarted(let item): #expect(open.insert(item.itemId).inserted)
            case .checkStarted(let item): #expect(open.insert(item.itemId).inserted)
            case .messageCompleted(let item): #expect(open.remove(item.itemId) != nil)
            case .reasoningCompleted(let item): #expect(open.remove(item.itemId) != nil)
            case .toolCallCompleted(let item):
                #expect(open.remove(item.itemId) != nil)
                if item.text.hasPrefix("Started as command-") { background.insert(item.itemId) }
            case .commandEnded(let ended): #expect(background.remove(ended.itemId) != nil)
            case .checkCompleted(let item): #expect(open.remove(item.itemId) != nil)
            case .modelRetried(let retried): open.subtract(retried.voidItemIds)
            case .modelSwitched(let change): open.subtract(change.voidItemIds)
            case .sessionResumed(let resumed): open.subtract(resumed.voidItemIds)
            case .outputDelta(let delta):
                #expect(open.contains(delta.itemId) || background.contains(delta.itemId))
                let key = "\(delta.itemId) \(delta.stream.rawValue)"
                #expect(delta.offset == offsets[key, default: 0])
                let bytes = delta.text.map { Array($0.utf8) } ?? delta.base64.flatMap(Base64.decode) ?? []
                #expect(!bytes.isEmpty)
                offsets[key, default: 0] += bytes.count
            default: break
            }
        }
        #expect(open.isEmpty, "never ended: \(open.sorted())")
        #expect(background.isEmpty, "never ended: \(background.sorted())")
    }
}

/// A session over a fake sandbox.
struct FakeSession {
    let test: TestSession
    private let made = Late<FakeSandbox>()

    init(
        _ options: TestSession.Options = .init(), onRead: @escaping @Sendable (String) async -> Void = { _ in },
        command: @escaping FakeSandbox.Command = { _, _ in FakeCommand() }, _ steps: [ScriptedProvider.Step],
        late: Late<TestSession>? = nil
    ) async throws {
        let base = options.files.mapValues { Array($0.utf8) }
        let overlays = Dictionary((options.documents ?? []).map { ($0.path, Array($0.text.utf8)) }) { $1 }
        let driver = FakeDriver { [made] spec in
            let sandbox = FakeSandbox(
                id: spec.id, base: base.merging(overlays) { $1 }, onRead: onRead, command: command)
            made.set(sandbox)
            return sandbox
        }
        test = try TestSession(options, driver: driver, steps)
        late?.set(test)
        try await test.session.start()
    }

    init(_ steps: [ScriptedProvider.Step]) async throws { try await self.init(.init(), steps) }

    /// There once the session has booted.
    var sandbox: FakeSandbox {
        get throws { try #require(made.get()) }
    }

    /// The session under a new service, which finds the sandbox again.
    func killed(
        _ steps: [ScriptedProvider.Step], options: TestSession.Options? = nil,
        change: (Store) throws -> Void = { _ in }
    ) async throws -> TestSession {
        let sandbox = try sandbox
        var driver = FakeDriver { _ in throw SandboxError.lost("it is not to be made again") }
        driver.left = { _ in sandbox }
        return try await test.killed(driver: driver, steps, options: options, change: change)
    }
}
