import AgentProtocol

extension SessionManager {
    public func metrics() async -> [MetricSample] {
        var samples = [
            MetricSample(
                name: "cofferdam_sessions_live", help: "Sessions that have a sandbox, or will have one.", kind: .gauge,
                value: Double(live.count)),
            MetricSample(
                name: "cofferdam_sessions_queued", help: "Sessions that wait for others to end.", kind: .gauge,
                value: Double(await queue.count)),
            MetricSample(
                name: "cofferdam_sessions_started_total", help: "Sessions started.", kind: .counter,
                value: Double(started)),
        ]
        var watching = 0
        for entry in live.values where await entry.session.isWatching { watching += 1 }
        samples.append(
            MetricSample(
                name: "cofferdam_publications_watched", help: "Sessions whose published branch is being watched.",
                kind: .gauge, value: Double(watching)))
        for outcome in TurnOutcome.allCases {
            samples.append(
                MetricSample(
                    name: "cofferdam_turns_total", help: "Turns ended, by outcome.", kind: .counter,
                    labels: [.init("outcome", outcome.rawValue)], value: Double(outcomes[outcome] ?? 0)))
        }
        return samples + (await warm.metrics)
    }
}
