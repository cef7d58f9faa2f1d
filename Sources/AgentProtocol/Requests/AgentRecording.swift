import JSONRPC

/// `agent/recording`: a piece of what was recorded of a session's models so far, as lines of JSON without any secret.
public enum AgentRecording: RequestType {
    public static let method = "agent/recording"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Bytes from the recording's start.
        public var offset: Int

        public init(sessionId: String, offset: Int) {
            self.sessionId = sessionId
            self.offset = offset
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// base64 of the bytes at `offset`: at most 1 MiB; empty at the end.
        public var data: String
        /// Bytes of the whole recording, which grows while the session runs; it ends with a line there.
        public var bytes: Int

        public init(data: String, bytes: Int) {
            self.data = data
            self.bytes = bytes
        }
    }
}
