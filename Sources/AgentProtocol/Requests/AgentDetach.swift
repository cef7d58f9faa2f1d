import JSONRPC

/// `agent/detach`: no further events of this session to this connection. The session goes on.
public enum AgentDetach: RequestType {
    public static let method = "agent/detach"
    public typealias Params = SessionReference
    public typealias Result = Empty
}
