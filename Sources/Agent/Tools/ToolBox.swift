import AgentProtocol
import Models

/// The tools of a session.
struct ToolBox: Sendable {
    private let tools: [String: any Tool]
    let definitions: [ToolDefinition]

    init(mode: SessionMode) {
        let all: [any Tool] = [
            ReadTool(), WriteTool(), EditTool(), GlobTool(), GrepTool(), RunTool(), ShellTool(),
            CommandOutputTool(), CommandInputTool(), CommandStopTool(),
        ]
        let offered = mode == .plan ? all.filter { $0.effect == .reads } : all
        tools = Dictionary(offered.map { ($0.definition.name, $0) }) { first, _ in first }
        definitions = offered.map(\.definition)
    }

    func tool(_ name: String) throws(ToolFailure) -> any Tool {
        guard let tool = tools[name] else {
            let names = definitions.map(\.name).joined(separator: ", ")
            throw ToolFailure("There is no tool `\(name)`; there are: \(names).")
        }
        return tool
    }
}
