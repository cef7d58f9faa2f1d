/// Bounds on recordings of model traffic. A recording may come from anyone.
public enum TrafficLimits {
    /// Bytes of a recording: with every quote escaped it still fits a message to a service.
    public static let maximumBytes = 24 << 20
    /// Lines, and thus calls; a session of a week has some thousand.
    static let maximumLines = 200_000
    /// Messages of all calls' conversations together: a call costs as much memory as its conversation has messages.
    static let maximumMessages = 4_000_000
    /// Longest pause between two events that a replay keeps.
    static let longestPause = Duration.seconds(60)
    /// What a replay may be sped up or slowed down by.
    public static let speeds = 0.01...1000.0
}
