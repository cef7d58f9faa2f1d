import GRDB
import Synchronization

/// Moves what the write-ahead log holds into the database, beside the writer.
///
/// SQLite's own way is to do this within a commit: every few megabytes one append then takes two fsyncs, and the output
/// of all sessions waits behind it. A passive checkpoint on a connection of its own keeps nobody waiting.
final class Checkpointer: Sendable {
    private struct State {
        var written = 0
        var isRunning = false
    }

    /// Bytes written between two checkpoints.
    private static let interval = 4 << 20
    private let queue: DatabaseQueue
    private let state = Mutex(State())

    init(path: String, configuration: Configuration) throws {
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Counts what the writer has written, and starts a checkpoint when one is due.
    func wrote(_ bytes: Int) {
        let isDue = state.withLock { state in
            state.written += bytes
            guard state.written >= Self.interval, !state.isRunning else { return false }
            state = State(written: 0, isRunning: true)
            return true
        }
        guard isDue else { return }
        queue.asyncWriteWithoutTransaction { [self] database in
            // What could not be moved stays in the log, and the writer's own checkpoint is still to come.
            _ = try? database.checkpoint(.passive)
            state.withLock { $0.isRunning = false }
        }
    }
}
