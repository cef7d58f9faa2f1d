import AgentProtocol
import Environments
import JSON
import ProjectConfiguration
import Sandbox
import Secrets

/// The baselines that one session may take over and leave behind: those of its own user, in its own environment.
struct BaselineCache: Sendable {
    let store: BaselineStore
    /// Everything but the tree and the check.
    private let surroundings: String

    /// Changes when what a result means does.
    private static let version = 1

    /// - Parameter user: the name of the token that the client came with; nobody sees what another one's checks said.
    init(store: BaselineStore, user: String, spec: SandboxSpec, secrets: KnownSecrets? = nil) {
        self.store = store
        var shape = spec
        // Of this session only, or nothing that commands see.
        shape.id = ""
        shape.base = ""
        shape.stateDirectory = ""
        shape.networkDirectory = nil
        shape.environment = [:]
        let encoded = (try? JSONCoder.encode(shape)).map { String(decoding: $0.serialized(), as: UTF8.self) } ?? ""
        let parts: [JSON] = [
            .string("\(Self.version)"), .string(user), .string(encoded),
            // Another session has another token, which no check is about.
            .array(
                spec.environment.sorted { $0.key < $1.key }.map { name, value in
                    .array([.string(name), .string(secrets?.redact(value) ?? value)])
                }),
            .string(EnvironmentStore.identity(of: spec.root)),
        ]
        surroundings = String(decoding: JSON.array(parts).serialized(), as: UTF8.self)
    }

    /// What an earlier session's run of the check on this very tree gave.
    func entry(_ check: CheckDefinition, treeHash: String) async -> BaselineStore.Entry? {
        guard let key = key(check, treeHash) else { return nil }
        return await store.entry(key)
    }

    func keep(_ check: CheckDefinition, _ run: CheckRun) async {
        // A check that was killed or ran out of time may fare otherwise next time.
        guard run.evidence.result.status == .exited, let key = key(check, run.evidence.treeHash) else { return }
        await store.keep(
            BaselineStore.Entry(
                key: key, evidence: run.evidence, diagnostics: run.diagnostics, tests: run.tests,
                unparsed: run.unparsed))
    }

    private func key(_ check: CheckDefinition, _ treeHash: String) -> String? {
        guard let definition = try? JSONCoder.encode(check).serialized() else { return nil }
        let parts: [JSON] = [
            .string(treeHash), .string(String(decoding: definition, as: UTF8.self)), .string(surroundings),
        ]
        return String(decoding: JSON.array(parts).serialized(), as: UTF8.self)
    }
}
