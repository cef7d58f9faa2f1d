import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a command is still to read. Bounded by the window that the writer keeps to.
struct CommandInput {
    /// The writing end of a pipe, or a terminal's master; -1 once nothing more is taken.
    private(set) var descriptor: Int32
    private let isTerminal: Bool
    private var queue: [UInt8]
    private var start = 0
    /// Bytes in front of those that came by requests.
    private let given: Int
    private var taken = 0
    private var received = 0
    private var closesAtEnd = false
    /// The last byte that was to be written.
    private var last: UInt8?

    /// Control-D, what a terminal in its usual mode takes for the end.
    private static let endOfFile: UInt8 = 4

    /// Takes the non-blocking descriptor over.
    init(descriptor: Int32, isTerminal: Bool, given: [UInt8], staysOpen: Bool) {
        self.descriptor = descriptor
        self.isTerminal = isTerminal
        self.given = given.count
        queue = given
        last = given.last
        closesAtEnd = !staysOpen
    }

    var isWaiting: Bool { descriptor >= 0 && (start < queue.count || closesAtEnd) }

    var state: InputState {
        InputState(
            received: received, taken: descriptor < 0 ? received : min(received, max(0, taken - given)),
            isOpen: descriptor >= 0 && !closesAtEnd)
    }

    /// Takes bytes of a request. Throws when they leave a gap or the writer does not keep to the window.
    mutating func append(_ bytes: [UInt8], at offset: Int) throws(ProtocolError) {
        guard offset <= received else { throw .invalidValue("offset") }
        let known = min(received - offset, bytes.count)
        let new = bytes[known...]
        guard !closesAtEnd, descriptor >= 0 else {
            // Nobody reads it: as good as taken.
            received += new.count
            return
        }
        guard queue.count - start + new.count <= ProtocolLimits.inputWindow + given else {
            throw .invalidValue("input")
        }
        received += new.count
        queue += new
        last = new.last ?? last
    }

    /// Nothing follows.
    mutating func close(at offset: Int) throws(ProtocolError) {
        guard offset <= received else { throw .invalidValue("offset") }
        guard descriptor >= 0, !closesAtEnd else { return }
        if isTerminal {
            // In the middle of a line the first one only hands over what there is of it.
            if endsInsideLine { queue.append(Self.endOfFile) }
            queue.append(Self.endOfFile)
        }
        closesAtEnd = true
    }

    private var endsInsideLine: Bool {
        guard let last, ![UInt8(ascii: "\n"), UInt8(ascii: "\r"), Self.endOfFile].contains(last) else { return false }
        var settings = termios()
        return tcgetattr(descriptor, &settings) == 0 && settings.c_lflag & tcflag_t(ICANON) != 0
    }

    /// Writes what is taken now. True when something has changed.
    mutating func feed() -> Bool {
        guard isWaiting else { return false }
        var changed = false
        while start < queue.count {
            let count = queue.withUnsafeBytes {
                System.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
            if count == -Int(EAGAIN) { break }
            guard count > 0 else {
                // Nobody reads any more (EPIPE, or EIO of a terminal).
                abandon()
                return true
            }
            start += count
            taken += count
            changed = true
        }
        if start == queue.count {
            queue = []
            start = 0
            if closesAtEnd {
                abandon()
                return true
            }
        } else if start > ProtocolLimits.inputWindow {
            queue.removeSubrange(..<start)
            start = 0
        }
        return changed
    }

    mutating func abandon() {
        if descriptor >= 0 { System.close(descriptor) }
        descriptor = -1
        queue = []
        start = 0
    }
}
