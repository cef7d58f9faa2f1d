/// `checkCompleted`: a check has ended.
public struct CheckCompleted: Codable, Sendable, Equatable {
    public var itemId: String
    public var evidence: CheckEvidence

    public init(itemId: String, evidence: CheckEvidence) {
        self.itemId = itemId
        self.evidence = evidence
    }
}
