import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The descriptors of a running sandbox, used by its thread only.
final class RunningSandbox {
    enum End: Equatable {
        case stopped
        /// Left running, or taken over by another service.
        case detached
        case bootTimedOut
        /// With what the supervisor or the protocol had to say.
        case streamEnded(String?)
    }

    /// What the thread has to know of the wishes of others.
    struct Wishes {
        var isBooting: Bool
        var stop: Bool
        var detach: Bool
        /// For tests: the connection is to be cut, as if the network had done it.
        var cut = false
    }

    struct Ends {
        /// The state directory, where the sockets are.
        var directory: Int32
        var control: Int32
        var gateway: Int32
        var wake: Int32
        /// Standard error of the sandbox program, and its reports; -1 for an adopted one.
        var errors: Int32 = -1
        var status: Int32 = -1
        /// pidfd of bubblewrap, and of the first process inside; -1 while unknown.
        var outer: Int32 = -1
        var inner: Int32 = -1
    }

    /// How long a boot may take before it is given up; generous, as a loaded machine is no reason to fail.
    private static let bootMilliseconds = 30_000
    /// How long one attempt to get into the supervisor's queue waits before the wishes of others are looked at.
    static let connectMilliseconds: Int32 = 250
    /// What is kept of its standard error.
    static let maximumErrorText = 4 << 10
    /// New connections in a row before it is given up, and the time after which they do not count as in a row.
    private static let maximumReconnections = 20
    private static let reconnectionWindow = 10_000
    /// Silence after which the supervisor is asked whether it is there, while it owes something, and silence after which
    /// the connection counts as cut. A new one costs little, so that a busy machine may well exceed it.
    private static let pingMilliseconds = 5_000
    private static let silenceMilliseconds = 15_000

    let outbox: Outbox
    let stateDirectory: String
    let connections: PassedConnections
    var record: SandboxRecord
    var open: Ends
    var errorText: [UInt8] = []
    var usage: cspawn_usage?
    private var statusText: [UInt8] = []
    private var decoder = FrameDecoder()
    private var reconnections: [Int] = []
    /// When the supervisor was heard last, and asked last.
    private var heard = Descriptors.monotonicMilliseconds()
    private var pinged = 0
    /// Whether anything has come on this connection.
    private var isAnswered = false

    init(
        record: SandboxRecord, stateDirectory: String, outbox: Outbox, connections: PassedConnections,
        descriptors: Ends
    ) {
        self.record = record
        self.stateDirectory = stateDirectory
        self.outbox = outbox
        self.connections = connections
        open = descriptors
        outbox.open(control: descriptors.control, wake: descriptors.wake)
    }

    /// The outbox closes the control connection and the event descriptor.
    deinit {
        for descriptor in [open.directory, open.gateway, open.errors, open.status, open.outer, open.inner] {
            Descriptors.close(descriptor)
        }
    }

    /// The process of the sandbox program.
    var program: ProcessIdentity? { record.outer }

    /// Moves bytes until the sandbox ends, is to be stopped or is left alone.
    func serve(link: SupervisorLink, wishes: () -> Wishes) -> End {
        let deadline = Descriptors.monotonicMilliseconds() + Self.bootMilliseconds
        var said: String?
        while true {
            let wished = wishes()
            if wished.stop { return .stopped }
            if wished.detach { return .detached }
            if wished.cut { _ = shutdown(open.control, Int32(SHUT_RDWR)) }
            let left = deadline - Descriptors.monotonicMilliseconds()
            if wished.isBooting, left <= 0 { return .bootTimedOut }
            let hasMore = !outbox.flush()
            let patience = wished.isBooting ? Int32(clamping: left) : listen(link)
            let polled = wait(hasMore: hasMore, milliseconds: patience)
            if polled.wake { _ = Descriptors.read(open.wake, atMost: 8) }
            if polled.errors { readErrors() }
            if polled.status { readStatus() }
            if polled.control {
                switch readControl(link, &said) {
                case .goOn: break
                case .replaced: return .detached
                case .broken(let reason): return .streamEnded(reason)
                case .ended:
                    guard said == nil, !wished.isBooting, reconnect(link, wishes: wishes) else {
                        return .streamEnded(said)
                    }
                }
            } else if polled.hasEnded {
                return .streamEnded(said)
            }
            // After the control connection: when another service has taken over, this one is not to be made again.
            if polled.gateway, !connections.receive(from: open.gateway) { reconnectGateway() }
        }
    }

    private struct Polled {
        var control: Bool
        var wake: Bool
        var gateway: Bool
        var errors: Bool
        var status: Bool
        var hasEnded: Bool
    }

    private func wait(hasMore: Bool, milliseconds: Int32) -> Polled {
        let readable = Int16(POLLIN)
        // bubblewrap itself may be gone while the sandbox lives.
        let ending = open.inner >= 0 ? open.inner : open.outer
        var polled = [
            pollfd(fd: open.control, events: Int16(POLLIN | (hasMore ? POLLOUT : 0)), revents: 0),
            pollfd(fd: open.wake, events: readable, revents: 0), pollfd(fd: open.gateway, events: readable, revents: 0),
            pollfd(fd: open.errors, events: readable, revents: 0),
            pollfd(fd: open.status, events: readable, revents: 0),
            pollfd(fd: ending, events: readable, revents: 0),
        ]
        _ = poll(&polled, nfds_t(polled.count), milliseconds)
        let ready = polled.map { $0.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 }
        return Polled(
            control: ready[0], wake: ready[1], gateway: ready[2], errors: ready[3], status: ready[4],
            hasEnded: ready[5])
    }

    // MARK: The control connection

    /// Asks a silent supervisor whether it is there; a connection that stays silent is cut, so that another is made.
    /// - Returns: how long to wait at most: requests are sent by others, who do not wake this thread.
    private func listen(_ link: SupervisorLink) -> Int32 {
        let now = Descriptors.monotonicMilliseconds()
        guard link.isOwed else {
            heard = now
            return Int32(Self.pingMilliseconds)
        }
        if !isAnswered, now - heard >= Self.silenceMilliseconds {
            // A supervisor that stands still accepts nothing: one more connection would only wait behind this one, until
            // there is no room for another. It answers when it goes on.
            heard = now
        } else if now - heard >= Self.silenceMilliseconds {
            _ = shutdown(open.control, Int32(SHUT_RDWR))
            heard = now
        } else if now - max(heard, pinged) >= Self.pingMilliseconds {
            pinged = now
            link.send(.ping(UInt64(now)))
            _ = outbox.flush()
        }
        return Int32(clamping: max(10, min(Self.pingMilliseconds, heard + Self.silenceMilliseconds - now)))
    }

    private enum Reading {
        case goOn
        case ended
        case replaced
        case broken(String)
    }

    private func readControl(_ link: SupervisorLink, _ said: inout String?) -> Reading {
        guard let bytes = Descriptors.read(open.control) else {
            return errno == EAGAIN || errno == EINTR ? .goOn : .ended
        }
        if bytes.isEmpty { return .ended }
        heard = Descriptors.monotonicMilliseconds()
        isAnswered = true
        decoder.append(bytes)
        do {
            while let frame = try decoder.next() {
                let event = try SupervisorEvent(frame)
                if case .failed(let text) = event { said = "its supervisor reported: \(text)" }
                if case .replaced = event { return .replaced }
                try link.receive(event)
            }
        } catch {
            return .broken("its supervisor broke the protocol: \(error)")
        }
        return .goOn
    }

    /// The connection was cut, but the sandbox may well live: its supervisor keeps everything until it is asked again.
    private func reconnect(_ link: SupervisorLink, wishes: () -> Wishes) -> Bool {
        if open.inner >= 0, ProcessIdentity.hasEnded(open.inner) { return false }
        let now = Descriptors.monotonicMilliseconds()
        reconnections = reconnections.filter { now - $0 < Self.reconnectionWindow } + [now]
        guard reconnections.count <= Self.maximumReconnections else { return false }
        let control = Self.connect(open.directory, StateDirectory.controlSocket) {
            let wished = wishes()
            return wished.stop || wished.detach || (open.inner >= 0 && ProcessIdentity.hasEnded(open.inner))
        }
        guard control >= 0 else { return false }
        decoder = FrameDecoder()
        link.resume { outbox.reopen(control: control, first: $0) }
        open.control = control
        isAnswered = false
        return true
    }

    private func reconnectGateway() {
        Descriptors.close(open.gateway)
        open.gateway = max(
            -1, cspawn_connect_local(open.directory, StateDirectory.gatewaySocket, Self.connectMilliseconds))
    }

    /// A connection to the supervisor, or a negative errno.
    ///
    /// A supervisor that is not let run for a while takes nobody in; once as many wait as its socket has room for, so does
    /// this. Nothing is wrong with the sandbox then.
    static func connect(_ directory: Int32, _ name: String, isVain: () -> Bool = { false }) -> Int32 {
        let deadline = Descriptors.monotonicMilliseconds() + bootMilliseconds
        while true {
            let descriptor = cspawn_connect_local(directory, name, connectMilliseconds)
            guard descriptor == -EAGAIN, !isVain(), Descriptors.monotonicMilliseconds() < deadline else {
                return descriptor
            }
        }
    }

    // MARK: What the sandbox program says

    private func readErrors() {
        guard let bytes = Descriptors.read(open.errors, atMost: 4096) else { return }
        if bytes.isEmpty {
            Descriptors.close(open.errors)
            open.errors = -1
        }
        errorText = Array((errorText + bytes).suffix(Self.maximumErrorText))
    }

    /// Learns the number of the first process inside from bubblewrap's report.
    func readStatus() {
        guard let bytes = Descriptors.read(open.status, atMost: 4096) else { return }
        if bytes.isEmpty {
            // bubblewrap has ended; its last report stands in statusText.
            Descriptors.close(open.status)
            open.status = -1
        }
        statusText = Array((statusText + bytes).suffix(Self.maximumErrorText))
        guard open.inner < 0, let pid = Self.childNumber(in: statusText) else { return }
        let descriptor = cspawn_pidfd_open(pid)
        guard descriptor >= 0 else { return }
        // The number could have been given to another process since; bubblewrap's own child it must be.
        guard ProcessIdentity.parent(of: pid) == record.outer?.pid, let identity = ProcessIdentity(pid: pid) else {
            return Descriptors.close(descriptor)
        }
        open.inner = descriptor
        record.inner = identity
        // Without it a later service finds the process by its command line.
        try? record.write(stateDirectory)
    }

    private static func childNumber(in text: [UInt8]) -> pid_t? {
        let words = text.split { !"abcdefghijklmnopqrstuvwxyz-0123456789".utf8.contains($0) }
        guard let key = words.firstIndex(where: { $0.elementsEqual("child-pid".utf8) }), key + 1 < words.count else {
            return nil
        }
        return pid_t(String(decoding: words[key + 1], as: UTF8.self)).flatMap { $0 > 1 ? $0 : nil }
    }
}
