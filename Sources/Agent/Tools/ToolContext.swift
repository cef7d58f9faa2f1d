import AgentProtocol
import Sandbox
import Store
import Workspace

/// What tools work with.
struct ToolContext: Sendable {
    let workspace: String
    let sandbox: any Sandbox
    let log: EventLog
    let runner: CommandRunner
    let changes: ChangeTracker
    let background: BackgroundCommands
    let limits: AgentLimits
    var resumption = Resumption()
    /// Whether a model that would be asked looks at pictures.
    var readsImages: @Sendable () async -> Bool = { false }

    /// A path of the model, relative to the workspace.
    func path(_ given: String) throws(ToolFailure) -> String {
        do {
            return try RelativePath.normalise(given, root: workspace)
        } catch {
            throw ToolFailure("`\(given)` is not in the workspace. Use a path relative to \(workspace).")
        }
    }
}
