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
        /// Only what this step changed, against the commit before it; from the session's commits, also after its end.
        public var step: Int?
        /// Against this step instead; without `step`, from it to where the session is.
        public var from: Int?

        public init(
            sessionId: String, paths: [String]? = nil, includeContents: Bool? = nil, step: Int? = nil,
            from: Int? = nil
        ) {
            self.sessionId = sessionId
            self.paths = paths
            self.includeContents = includeContents
            self.step = step
            self.from = from
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
