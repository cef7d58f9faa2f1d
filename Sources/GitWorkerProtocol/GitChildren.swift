import JSONRPC

/// `git/children`: what objects name, for finding out what a service lacks.
public enum GitChildren: RequestType {
    public static let method = "git/children"

    public struct Params: Codable, Sendable, Equatable {
        public var repository: String
        public var objects: [String]

        public init(repository: String, objects: [String]) {
            self.repository = repository
            self.objects = objects
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Trees that are named, each once.
        public var trees: [String]
        /// Files' contents that are named, each once.
        public var blobs: [String]

        public init(trees: [String], blobs: [String]) {
            self.trees = trees
            self.blobs = blobs
        }
    }
}
