import AgentProtocol
import JSON
import Store

extension LoggedEvent {
    /// The event as a value.
    public func event() throws -> AgentEvent {
        try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: params)).event
    }
}
