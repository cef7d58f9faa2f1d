/// One event of a session's log, as it is stored and sent.
public struct LoggedEvent: Sendable, Equatable {
    public var seq: Int
    /// The serialized `agent/progress` parameters: one JSON text.
    public var params: [UInt8]

    public init(seq: Int, params: [UInt8]) {
        self.seq = seq
        self.params = params
    }
}
