import Environments
import ProjectConfiguration

/// What a session's sandbox is to be made from, decided from the repository's files and what the service offers.
struct EnvironmentPlan: Sendable, Equatable {
    var definition: EnvironmentDefinition
    /// In order; the commands of one step run at the same time. Variables of `container` are not filled in yet.
    var steps: [[[String]]] = []
    /// The `devcontainer.json` that is used.
    var container: DevContainer?
    /// Files and folders that the steps depend on, beside what is found by itself.
    var setupInputs: [String]
    /// For the user.
    var notes: [String] = []

    /// - Parameters:
    ///   - container: reads `devcontainer.json`; nil when there is none.
    /// - Throws: `EnvironmentError`, or `ConfigurationError` when the repository insists on its `devcontainer.json`.
    init(
        project: ProjectConfiguration, catalog: EnvironmentCatalog, container read: () throws -> DevContainer?
    ) throws {
        let choice = project.sandbox
        definition = catalog.standard
        setupInputs = choice.setupInputs
        if choice.devcontainer != false {
            do {
                if let found = try read() { try use(found, choice, catalog) }
            } catch {
                // A file that other tools are meant to read is no reason not to start.
                guard choice.devcontainer != true else { throw error }
                notes.append("devcontainer.json is not used: \(error)")
                container = nil
            }
        }
        if let name = choice.environment { definition = try catalog.environment(named: name) }
        steps = project.setup.isEmpty ? container?.steps ?? [] : project.setup.map { [$0] }
    }

    private mutating func use(
        _ found: DevContainer, _ choice: SandboxChoice, _ catalog: EnvironmentCatalog
    ) throws(EnvironmentError) {
        if choice.environment == nil {
            if let name = found.environment {
                definition = try catalog.environment(named: name)
            } else if found.isBuilt || found.image != nil {
                let image = found.isBuilt ? "the one that it builds" : found.image ?? ""
                guard !found.isBuilt, let match = catalog.environment(forImage: image) else {
                    throw .noEnvironmentForImage(image: image, offered: catalog.offered.map(\.name))
                }
                definition = match
            }
        }
        container = found
        if !found.unused.isEmpty {
            notes.append("devcontainer.json: \(found.unused.joined(separator: ", ")) mean nothing here")
        }
    }
}
