import JSONRPC

/// `workspace/negotiate`: which objects of a workspace the service lacks. Asked from the roots downwards, level by level: what
/// lies beneath a tree that the service has, it has too.
public enum WorkspaceNegotiate: RequestType {
    public static let method = "workspace/negotiate"

    /// Objects in one request.
    public static let maximumObjects = 20_000

    public struct Params: Codable, Sendable, Equatable {
        /// The client's name for what it uploads to, at most 128 bytes; each user has their own.
        public var project: String
        /// Names of git objects, forty hexadecimal digits each; at most 20,000.
        public var objects: [String]

        public init(project: String, objects: [String]) {
            self.project = project
            self.objects = objects
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Those of `objects` that are to be uploaded, in their order.
        public var missing: [String]
        /// Nothing of the project is there: asking further is of no use.
        public var isNew: Bool

        public init(missing: [String], isNew: Bool) {
            self.missing = missing
            self.isNew = isNew
        }
    }
}
