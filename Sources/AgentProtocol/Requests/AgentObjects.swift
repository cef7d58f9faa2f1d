import JSONRPC

/// `agent/objects`: asks for git objects of a session's commits, as a pack that `agent/pack` hands out in pieces.
public enum AgentObjects: RequestType {
    public static let method = "agent/objects"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Names of commits, trees and blobs that the client lacks: at most 5,000.
        public var ids: [String]

        public init(sessionId: String, ids: [String]) {
            self.sessionId = sessionId
            self.ids = ids
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Name of the pack for `agent/pack`; absent when none of the objects is there. The same objects have the same pack.
        public var pack: String?
        /// Bytes of the pack.
        public var bytes: Int
        /// Objects that the session has but that did not fit: ask again for them.
        public var left: [String]?
        /// Objects that are not the session's, or no longer at hand.
        public var missing: [String]?

        public init(pack: String? = nil, bytes: Int, left: [String]? = nil, missing: [String]? = nil) {
            self.pack = pack
            self.bytes = bytes
            self.left = left
            self.missing = missing
        }
    }
}
