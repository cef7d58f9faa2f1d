import AgentProtocol

enum ProgramVersion {
    static let current = "0.1.0"
    static let info = ProgramInfo(name: "cofferdam", version: current)
}
