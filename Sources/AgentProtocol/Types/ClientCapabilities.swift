/// What a client of the service can do.
public struct ClientCapabilities: Codable, Sendable, Equatable {
    /// The client can ask its user: it takes `agent/approve` requests.
    public var approve: Bool?

    public init(approve: Bool? = nil) { self.approve = approve }
}
