import JSONRPC

/// `agent/cancel`: ends the running turn; its commands are killed. The session stays and takes further prompts.
public enum AgentCancel: RequestType {
    public static let method = "agent/cancel"
    public typealias Params = SessionReference
    public typealias Result = Empty
}
