import JSONRPC

/// `agent/stop`: ends the session and its sandbox. Its log and its results stay readable.
public enum AgentStop: RequestType {
    public static let method = "agent/stop"
    public typealias Params = SessionReference
    public typealias Result = Empty
}
