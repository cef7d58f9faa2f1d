import AgentProtocol
import JSONRPC

/// `git/snapshot`: makes a tree of a folder as it is in the user's repository, and touches nothing else there.
public enum GitSnapshot: RequestType {
    public static let method = "git/snapshot"

    public struct Params: Codable, Sendable, Equatable {
        /// Absolute path.
        public var folder: String
        /// Unsaved buffers; they stand in for files.
        public var documents: [DocumentOverlay]

        public init(folder: String, documents: [DocumentOverlay]) {
            self.folder = folder
            self.documents = documents
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Path of the repository with the objects.
        public var repository: String
        /// Names of git objects are forty hexadecimal digits.
        public var tree: String
        /// The blob that says where the files come from.
        public var origin: String
        /// What a service needs: everything beneath these.
        public var roots: [String]
        /// The commit of HEAD.
        public var head: String?
        public var files: Int
        public var bytes: Int

        public init(
            repository: String, tree: String, origin: String, roots: [String], head: String?, files: Int, bytes: Int
        ) {
            self.repository = repository
            self.tree = tree
            self.origin = origin
            self.roots = roots
            self.head = head
            self.files = files
            self.bytes = bytes
        }
    }
}
