/// A recording that a session plays instead of asking models.
public struct ModelReplay: Codable, Sendable, Equatable {
    /// How a request is compared with the recorded one.
    public enum Match: String, Codable, Sendable, CaseIterable {
        /// Any difference but what varies between runs ends the turn.
        case strict
        /// The next answer is given whatever was asked.
        case lenient
    }

    /// The recording's text, at most 24 MiB.
    public var recording: String
    /// Default `strict`.
    public var match: Match?
    /// How fast, in percent of how fast it was, from 1 to 100000; absent: without any pause.
    public var speedPercent: Int?

    public init(recording: String, match: Match? = nil, speedPercent: Int? = nil) {
        self.recording = recording
        self.match = match
        self.speedPercent = speedPercent
    }
}
