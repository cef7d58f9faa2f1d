import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The byte stream to the service: frames in, frames out, neither ever blocks.
final class ControlChannel {
    /// -1 when there is no service.
    private(set) var descriptor: Int32
    private var decoder = FrameDecoder()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// Above this many unsent bytes no more output is produced.
    static let outputMark = 256 << 10
    /// Above this many unsent bytes no more requests are read: answers must not pile up either.
    static let requestMark = 1 << 20

    /// Takes a non-blocking connection over.
    init(descriptor: Int32 = -1) {
        self.descriptor = descriptor
    }

    deinit {
        close()
        scratch.deallocate()
    }

    var isOpen: Bool { descriptor >= 0 }
    var unsent: Int { outgoing.count - sent }
    var wantsRequests: Bool { isOpen && unsent < Self.requestMark }
    var wantsOutput: Bool { isOpen && unsent < Self.outputMark }

    /// What nobody is there to hear is dropped: it can be asked for again.
    func send(_ event: SupervisorEvent) {
        if isOpen { outgoing.append(contentsOf: event.encoded()) }
    }

    /// Writes what the peer takes. False when the peer is gone.
    func flush() -> Bool {
        guard isOpen else { return true }
        while unsent > 0 {
            let count = outgoing.withUnsafeBytes {
                System.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            if count == -Int(EAGAIN) { break }
            guard count > 0 else { return false }
            sent += count
        }
        if unsent == 0 {
            outgoing.removeAll(keepingCapacity: outgoing.capacity <= 2 * Self.requestMark)
            sent = 0
        } else if sent > Self.outputMark {
            outgoing.removeSubrange(..<sent)
            sent = 0
        }
        return true
    }

    /// Reads once. False at the end of the stream.
    func fill() -> Bool {
        let count = System.read(descriptor, into: scratch)
        if count == -Int(EAGAIN) { return true }
        guard count > 0 else { return false }
        decoder.append(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
        return true
    }

    func nextRequest() throws(ProtocolError) -> SupervisorRequest? {
        guard let frame = try decoder.next() else { return nil }
        return try SupervisorRequest(frame)
    }

    func close() {
        if isOpen { System.close(descriptor) }
        descriptor = -1
        outgoing = []
        sent = 0
    }
}
