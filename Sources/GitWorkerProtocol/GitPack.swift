import JSONRPC

/// `git/pack`: writes objects to a pack in the user's state directory.
public enum GitPack: RequestType {
    public static let method = "git/pack"

    public struct Params: Codable, Sendable, Equatable {
        public var repository: String
        /// Everything beneath these, but for parents of commits.
        public var roots: [String]
        /// Only these of it, as the service has the others; absent: all.
        public var missing: [String]?
        /// A tree that the service has: what resembles its files is sent as a difference.
        public var base: String?

        public init(repository: String, roots: [String], missing: [String]? = nil, base: String? = nil) {
            self.repository = repository
            self.roots = roots
            self.missing = missing
            self.base = base
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Path of the pack; who asked removes it.
        public var path: String
        /// Its own checksum.
        public var pack: String
        public var bytes: Int
        public var objects: Int

        public init(path: String, pack: String, bytes: Int, objects: Int) {
            self.path = path
            self.pack = pack
            self.bytes = bytes
            self.objects = objects
        }
    }
}
