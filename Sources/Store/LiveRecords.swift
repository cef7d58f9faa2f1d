/// What the store has of the sessions that were live when the service last ended.
public struct LiveRecords: Sendable, Equatable {
    /// A session whose record cannot be read: the disk was damaged, or a newer version wrote it.
    public struct Unreadable: Sendable, Equatable {
        public var sessionId: String
        public var reason: String
    }

    public var records: [SessionRecord] = []
    public var unreadable: [Unreadable] = []

    /// All of them.
    public var sessionIds: [String] { records.map(\.sessionId) + unreadable.map(\.sessionId) }
}
