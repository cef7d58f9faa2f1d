import Secrets
import Synchronization

/// A recording as a model of `models.yaml`: every session plays it from its beginning.
final class TrafficProvider: ModelProvider {
    /// More sessions than play at a time; the one that began longest ago starts anew.
    private static let mostSessions = 256

    let identifier: String
    private let recording: TrafficRecording
    private let options: TrafficPlayer.Options
    private let players = Mutex<(byKey: [String: TrafficPlayer], order: [String])>(([:], []))

    init(_ recording: TrafficRecording, name: String, options: TrafficPlayer.Options) {
        self.recording = recording
        self.options = options
        identifier = "replay/\(name)"
    }

    func shutdown() async {}

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        player(of: request.sessionKey).stream(request, as: nil)
    }

    private func player(of key: String) -> TrafficPlayer {
        players.withLock { players in
            if let known = players.byKey[key] { return known }
            if players.order.count >= Self.mostSessions { players.byKey[players.order.removeFirst()] = nil }
            // A service that was started again meets sessions in their middle.
            let player = TrafficPlayer(recording, options: options, from: TrafficPlayer.Position())
            players.byKey[key] = player
            players.order.append(key)
            return player
        }
    }
}
