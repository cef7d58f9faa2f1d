import JSONRPC

/// `agent/pack`: a piece of a pack that `agent/objects` made. A transfer that was cut goes on at any offset.
public enum AgentPack: RequestType {
    public static let method = "agent/pack"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        public var pack: String
        /// Bytes from the pack's start.
        public var offset: Int

        public init(sessionId: String, pack: String, offset: Int) {
            self.sessionId = sessionId
            self.pack = pack
            self.offset = offset
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// base64 of the bytes at `offset`: at most 1 MiB; empty at the end.
        public var data: String
        /// Bytes of the whole pack.
        public var bytes: Int

        public init(data: String, bytes: Int) {
            self.data = data
            self.bytes = bytes
        }
    }
}
