import Synchronization

/// What the endpoint counts.
final class EndpointMetrics: Sendable {
    private struct Counts {
        var connections = 0
        var accepted = 0
        var overLimit = 0
        var webSockets = 0
        var events = 0
        var answers: [UInt: Int] = [:]
    }

    private let counts = Mutex(Counts())

    /// Takes one more connection unless `limit` are open.
    func admit(limit: Int) -> Bool {
        counts.withLock { counts in
            counts.accepted += 1
            guard counts.connections < limit else {
                counts.overLimit += 1
                return false
            }
            counts.connections += 1
            return true
        }
    }

    func ended() { counts.withLock { $0.connections -= 1 } }
    func answered(_ status: UInt) { counts.withLock { $0.answers[status, default: 0] += 1 } }
    func webSocketOpened() { counts.withLock { $0.webSockets += 1 } }
    func webSocketClosed() { counts.withLock { $0.webSockets -= 1 } }
    func sentEvents(_ count: Int) { counts.withLock { $0.events += count } }

    var samples: [MetricSample] {
        let counts = counts.withLock { $0 }
        var samples = [
            MetricSample(
                name: "cofferdam_connections", help: "Open connections.", kind: .gauge,
                value: Double(counts.connections)),
            MetricSample(
                name: "cofferdam_websockets", help: "Open WebSocket connections.", kind: .gauge,
                value: Double(counts.webSockets)),
            MetricSample(
                name: "cofferdam_connections_accepted_total", help: "Connections accepted.", kind: .counter,
                value: Double(counts.accepted)),
            MetricSample(
                name: "cofferdam_connections_over_limit_total", help: "Connections closed at once for their number.",
                kind: .counter, value: Double(counts.overLimit)),
            MetricSample(
                name: "cofferdam_events_sent_total", help: "Session events sent to clients.", kind: .counter,
                value: Double(counts.events)),
        ]
        for (status, count) in counts.answers.sorted(by: { $0.key < $1.key }) {
            samples.append(
                MetricSample(
                    name: "cofferdam_http_responses_total", help: "HTTP responses by status.", kind: .counter,
                    labels: [.init("status", String(status))], value: Double(count)))
        }
        return samples
    }
}
