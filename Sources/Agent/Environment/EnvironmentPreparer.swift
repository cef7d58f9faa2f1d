import AgentProtocol
import Environments
import ProjectConfiguration
import Sandbox
import Workspace

/// Makes the root file system and the set-up layers that a plan asks for, or takes them from the store.
struct EnvironmentPreparer: Sendable {
    let store: EnvironmentStore
    let plan: EnvironmentPlan
    /// The repository's own variables.
    let variables: [String: String]
    let snapshot: WorkspaceSnapshot
    /// The snapshot holds text that stands in an editor only: what set-up makes of it is for this very tree, as anybody
    /// could send any text.
    let holdsUnsavedText: Bool
    /// Directory of the session that is going to use them.
    let holder: String
    let emit: @Sendable (AgentEvent) async throws -> Void

    /// Runs the steps in a sandbox of this spec, and freezes what came of it into the folder.
    typealias RunSetup = @Sendable (SandboxSpec, _ steps: [[[String]]], _ folder: String) async throws -> FrozenLayers

    /// - Parameter spec: the session's, with the snapshot and all that does not depend on the environment.
    /// - Returns: the spec with root, layers, variables and user filled in.
    /// - Throws: `EnvironmentError`, what `run` throws, `CancellationError`.
    func prepare(_ spec: SandboxSpec, run: @escaping RunSetup) async throws -> SandboxSpec {
        let start = ContinuousClock.now
        let name = plan.definition.name
        let emit = emit
        let tell: @Sendable (EnvironmentProgress) async throws -> Void = { progress in
            let activity: EnvironmentActivity = progress == .unpacking ? .unpacking : .waiting
            try await emit(.environmentPreparing(EnvironmentPreparing(environment: name, activity: activity)))
        }
        let root = try await store.root(of: plan.definition, holder: holder, progress: tell)
        var notes = plan.notes
        let container = fill(root, spec, &notes)
        var spec = spec
        spec.root = root.root
        let own = root.environment.merging(container.variables) { _, new in new }.merging(variables) { _, new in new }
        spec.environment = own.merging(spec.environment) { _, new in new }
        spec.repositoryVariables = Set(container.variables.keys).union(variables.keys).sorted()
        spec.userName = container.user ?? spec.userName
        spec.workspaceLink = container.link
        var origin = SetupOrigin.none
        if !container.steps.isEmpty {
            let inputs = SetupInputs.select(
                commands: container.steps.flatMap { $0 }, listed: plan.setupInputs,
                files: snapshot.entries.mapValues { "\($0.mode) \($0.blob)" })
            let identity = root.root == .host ? "\(root.identity)\n\(LocalDriver.toolchainIdentity)" : root.identity
            let shared = SetupKey(
                environmentName: name, root: identity, steps: container.steps, environment: own,
                workspacePath: spec.workspacePath, userName: spec.userName, layerKind: LocalDriver.layerKind,
                inputs: inputs)
            let key = holdsUnsavedText ? shared.exact(treeHash: snapshot.treeHash) : shared
            let (fixed, steps) = (spec, container.steps)
            let prepared = try await store.layers(
                key, treeHash: snapshot.treeHash, paths: snapshot.entries.keys, holder: holder, progress: tell
            ) { folder in
                try await emit(.environmentPreparing(EnvironmentPreparing(environment: name, activity: .setup)))
                return try await run(fixed, steps, folder)
            }
            spec.layers = prepared.layers
            origin = SetupOrigin(prepared.origin)
            notes += Self.notes(prepared)
        }
        // What every session has is no news.
        if plan.definition == .host, container.steps.isEmpty, notes.isEmpty { return spec }
        let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        try await emit(
            .environmentPrepared(
                EnvironmentPrepared(
                    environment: name, setup: origin, steps: container.steps.count, durationMilliseconds: milliseconds,
                    notes: notes.isEmpty ? nil : notes)))
        return spec
    }

    /// What `devcontainer.json` says, its variables filled in.
    private struct Filled {
        var steps: [[[String]]]
        var variables: [String: String] = [:]
        var user: String?
        var link: String?
    }

    private func fill(_ root: PreparedRoot, _ spec: SandboxSpec, _ notes: inout [String]) -> Filled {
        guard let container = plan.container else { return Filled(steps: plan.steps) }
        var places = DevContainerVariables(folder: spec.workspacePath, environment: root.environment)
        let folder = container.workspaceFolder.map { places.fill($0) }
        let link = folder.flatMap { $0 == spec.workspacePath ? nil : $0 }
        var isLinked = false
        if let link {
            isLinked = SandboxSpec.canLink(link, to: spec.workspacePath)
            if !isLinked {
                notes.append("devcontainer.json: \(link.prefix(200)) cannot be a second path of the workspace")
            }
        }
        var filler = DevContainerVariables(
            folder: spec.workspacePath, containerFolder: isLinked ? link : nil, environment: root.environment)
        var filled = Filled(steps: [])
        for (name, value) in container.variables { filled.variables[name] = filler.fill(value) }
        // The steps of `.cofferdam.yaml`, which win, have no such variables.
        filled.steps =
            plan.steps == container.steps ? plan.steps.map { $0.map { $0.map { filler.fill($0) } } } : plan.steps
        filled.link = isLinked ? link : nil
        if let user = container.user, user != "root" {
            if SandboxSpec.isUserName(user) {
                filled.user = user
            } else {
                notes.append("devcontainer.json: “\(user.prefix(64))” cannot be the name of a user")
            }
        }
        let refused = filler.refused.union(places.refused).sorted()
        if !refused.isEmpty {
            notes.append(
                "devcontainer.json: \(refused.joined(separator: ", ")) is empty here: the sandbox has no variables of your machine"
            )
        }
        return filled
    }

    /// Paths that a note names; a set-up may touch thousands.
    private static let notedPaths = 10

    private static func notes(_ prepared: PreparedLayers) -> [String] {
        guard !prepared.setAside.isEmpty else { return [] }
        let more = prepared.setAside.count - notedPaths
        let names = prepared.setAside.prefix(notedPaths).joined(separator: ", ")
        return [
            "the set-up changed files of the repository, which are as they were: \(names)"
                + (more > 0 ? " and \(more) more" : "")
        ]
    }
}

extension SetupOrigin {
    init(_ origin: PreparedLayers.Origin) {
        self =
            switch origin {
            case .ran: .ran
            case .reused: .reused
            case .waited: .waited
            }
    }
}
