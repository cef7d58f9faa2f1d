/// Why a session cannot go on.
public enum AgentError: Error, Sendable, CustomStringConvertible {
    case configuration(String)
    case noModel(String)
    case notLive(String)
    case busy(String)
    case invalidParams(String)

    public var description: String {
        switch self {
        case .configuration(let text), .noModel(let text), .notLive(let text), .busy(let text),
            .invalidParams(let text):
            text
        }
    }
}
