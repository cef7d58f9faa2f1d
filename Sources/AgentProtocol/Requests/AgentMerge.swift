import JSONRPC

/// `agent/merge`, client to service: merges what the user and the session made of the same files.
///
/// Nothing is written anywhere: the client does that with the answer.
public enum AgentMerge: RequestType {
    public static let method = "agent/merge"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// At most 1000.
        public var files: [MergeSides]

        public init(sessionId: String, files: [MergeSides]) {
            self.sessionId = sessionId
            self.files = files
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// In the order of the request.
        public var files: [MergedFile]

        public init(files: [MergedFile]) { self.files = files }
    }
}
