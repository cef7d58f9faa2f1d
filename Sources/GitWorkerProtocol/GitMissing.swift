import JSONRPC

/// `git/missing`: which objects the user's repository lacks.
public enum GitMissing: RequestType {
    public static let method = "git/missing"

    public struct Params: Codable, Sendable, Equatable {
        /// The folder whose repository it is; one without git has a private repository.
        public var folder: String
        public var objects: [String]

        public init(folder: String, objects: [String]) {
            self.folder = folder
            self.objects = objects
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var missing: [String]

        public init(missing: [String]) { self.missing = missing }
    }
}
