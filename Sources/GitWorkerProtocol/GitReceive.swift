import JSONRPC

/// `git/receive`: takes a pack's objects into the user's repository, and sets references beneath `refs/cofferdam`.
public enum GitReceive: RequestType {
    public static let method = "git/receive"

    public struct Params: Codable, Sendable, Equatable {
        /// The folder whose repository it is; one without git has a private repository.
        public var folder: String
        /// Path of the pack; absent: only references are set.
        public var pack: String?
        /// What references beneath `refs/cofferdam/` or `refs/cofferdam-steps/` are to point at, by full name.
        public var references: [String: String]

        public init(folder: String, pack: String? = nil, references: [String: String]) {
            self.folder = folder
            self.pack = pack
            self.references = references
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Path of the repository.
        public var repository: String

        public init(repository: String) { self.repository = repository }
    }
}
