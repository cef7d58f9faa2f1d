import JSONRPC
import Synchronization

/// Where the server is between its start and its end (LSP 3.17, "Server lifecycle").
final class Lifecycle: Sendable {
    private enum Phase: Sendable { case created, initialized, shutDown, exited }

    private let phase = Mutex(Phase.created)

    /// Whether a message may be dispatched now.
    func check(_ method: String, isRequest: Bool) throws(ResponseError) {
        let phase = phase.withLock { $0 }
        switch phase {
        case .created:
            guard method != "initialize", method != "exit" else { return }
            throw ResponseError(code: .serverNotInitialized, message: "the server is not initialized")
        case .initialized:
            guard method == "initialize" else { return }
            throw ResponseError(code: .invalidRequest, message: "the server is initialized already")
        case .shutDown, .exited:
            guard isRequest || method != "exit" else { return }
            throw ResponseError(code: .invalidRequest, message: "the server is shut down")
        }
    }

    func didInitialize() { phase.withLock { $0 = .initialized } }

    func didShutDown() { phase.withLock { $0 = .shutDown } }

    /// Takes `exit`; the result is the process's exit code.
    func exit() -> Int32 {
        phase.withLock { phase in
            defer { phase = .exited }
            return phase == .shutDown ? 0 : 1
        }
    }
}
