import JSONRPC

/// `initialize` of the service's WebSocket: the first request of a connection.
public enum ServiceInitialize: RequestType {
    public static let method = "initialize"

    /// The protocol version that this code speaks.
    public static let protocolVersion = 1

    public struct Params: Codable, Sendable, Equatable {
        public var protocolVersion: Int
        public var clientInfo: ProgramInfo
        public var capabilities: ClientCapabilities

        public init(
            protocolVersion: Int = ServiceInitialize.protocolVersion, clientInfo: ProgramInfo,
            capabilities: ClientCapabilities
        ) {
            self.protocolVersion = protocolVersion
            self.clientInfo = clientInfo
            self.capabilities = capabilities
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var protocolVersion: Int
        public var serverInfo: ProgramInfo
        /// Names that `agent/start` takes as `model`; the first is the default. Empty: no model is configured.
        public var models: [String]
        /// Name of the machine and its view of files. A client with the same name sees the folders that the service sees; any
        /// other uploads its workspace.
        public var machine: String?

        public init(
            protocolVersion: Int = ServiceInitialize.protocolVersion, serverInfo: ProgramInfo, models: [String],
            machine: String? = nil
        ) {
            self.protocolVersion = protocolVersion
            self.serverInfo = serverInfo
            self.models = models
            self.machine = machine
        }
    }
}
