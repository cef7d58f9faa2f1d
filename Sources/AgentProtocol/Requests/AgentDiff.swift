import JSONRPC

/// `agent/diff`: what the session changed, against the snapshot that it started from.
public enum AgentDiff: RequestType {
    public static let method = "agent/diff"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Only these files, relative to the workspace folder.
        public var paths: [String]?
        /// Also the whole old and new contents of each file.
        public var includeContents: Bool?

        public init(sessionId: String, paths: [String]? = nil, includeContents: Bool? = nil) {
            self.sessionId = sessionId
            self.paths = paths
            self.includeContents = includeContents
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// git tree hash of the result.
        public var treeHash: String
        /// git tree hash of the snapshot.
        public var baseTreeHash: String
        public var files: [FileDifference]
        /// All patches in one text that `git apply` takes.
        public var patch: String

        public init(treeHash: String, baseTreeHash: String, files: [FileDifference], patch: String) {
            self.treeHash = treeHash
            self.baseTreeHash = baseTreeHash
            self.files = files
            self.patch = patch
        }
    }
}
