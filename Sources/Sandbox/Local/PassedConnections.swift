import CSpawn
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Connections that came out of a sandbox and wait for whoever serves them.
final class PassedConnections: Sendable {
    private struct State {
        var waiting: [PassedConnection] = []
        var reader: CheckedContinuation<PassedConnection?, Never>?
        var hasEnded = false
    }

    /// Beyond this many that nobody takes, further ones are closed.
    static let maximumWaiting = 256

    private let state = Mutex(State())

    deinit {
        end()
    }

    /// One reader; ends with the sandbox.
    var stream: AsyncStream<PassedConnection> {
        AsyncStream { await self.next() }
    }

    /// Takes a connection over; closes it when there is no room.
    func add(_ connection: PassedConnection) {
        let (reader, isRefused) = state.withLock { state -> (CheckedContinuation<PassedConnection?, Never>?, Bool) in
            if let reader = state.reader.take() { return (reader, false) }
            if state.hasEnded || state.waiting.count >= Self.maximumWaiting { return (nil, true) }
            state.waiting.append(connection)
            return (nil, false)
        }
        if isRefused { Descriptors.close(connection.descriptor) }
        reader?.resume(returning: connection)
    }

    func end() {
        let (reader, left) = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [] }
            return (state.reader.take(), state.waiting)
        }
        for connection in left { Descriptors.close(connection.descriptor) }
        reader?.resume(returning: nil)
    }

    /// Takes everything from the socket on which they come. False at its end.
    func receive(from gateway: Int32) -> Bool {
        for _ in 0..<Self.maximumWaiting {
            var tag: UInt8 = 0
            let descriptor = cspawn_receive_descriptor(gateway, &tag)
            if descriptor == -EAGAIN { return true }
            if descriptor == -EBADMSG { continue }
            guard descriptor >= 0 else { return false }
            if let kind = PassedConnection.Kind(rawValue: tag) {
                add(PassedConnection(descriptor: descriptor, kind: kind))
            } else {
                Descriptors.close(descriptor)
            }
        }
        return true
    }

    private func next() async -> PassedConnection? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enum Step {
                    case wait
                    case give(PassedConnection?)
                }
                let step = state.withLock { state -> Step in
                    if !state.waiting.isEmpty { return .give(state.waiting.removeFirst()) }
                    if state.hasEnded || Task.isCancelled || state.reader != nil { return .give(nil) }
                    state.reader = continuation
                    return .wait
                }
                if case .give(let connection) = step { continuation.resume(returning: connection) }
            }
        } onCancel: {
            let reader = state.withLock { $0.reader.take() }
            reader?.resume(returning: nil)
        }
    }
}
