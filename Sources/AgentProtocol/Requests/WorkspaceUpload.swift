import JSONRPC

/// `workspace/upload`: a piece of a git pack with objects that the service lacks. Pieces follow one another; after a broken
/// connection the answer says where to go on.
public enum WorkspaceUpload: RequestType {
    public static let method = "workspace/upload"

    /// Bytes of a pack in one request.
    public static let maximumChunk = 4 << 20

    public struct Params: Codable, Sendable, Equatable {
        /// As in `workspace/negotiate`.
        public var project: String
        /// The pack's own checksum, its last twenty bytes, as forty hexadecimal digits.
        public var pack: String
        /// Length of the whole pack.
        public var bytes: Int
        /// Where `data` begins. Elsewhere than where the service is, nothing is taken: empty data asks where that is.
        public var offset: Int
        /// At most 4 MiB, in base64.
        public var data: String

        public init(project: String, pack: String, bytes: Int, offset: Int, data: String) {
            self.project = project
            self.pack = pack
            self.bytes = bytes
            self.offset = offset
            self.data = data
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Bytes of the pack that are there: the next piece begins here.
        public var received: Int
        /// The whole pack has come, its objects were checked and are there.
        public var isComplete: Bool

        public init(received: Int, isComplete: Bool) {
            self.received = received
            self.isComplete = isComplete
        }
    }
}
