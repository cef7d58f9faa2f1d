import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The byte stream to the service: frames in, frames out, neither ever blocks.
final class ControlChannel {
    let input: Int32
    let output: Int32
    private var decoder = FrameDecoder()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// Above this many unsent bytes no more output is produced.
    static let outputMark = 256 << 10
    /// Above this many unsent bytes no more requests are read: answers must not pile up either.
    static let requestMark = 1 << 20

    init(input: Int32, output: Int32) {
        self.input = input
        self.output = output
        for descriptor in [input, output] {
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        scratch.deallocate()
    }

    var unsent: Int { outgoing.count - sent }
    var wantsRequests: Bool { unsent < Self.requestMark }
    var wantsOutput: Bool { unsent < Self.outputMark }

    func send(_ event: SupervisorEvent) {
        outgoing.append(contentsOf: event.encoded())
    }

    /// Writes what the peer takes. False when the peer is gone.
    func flush() -> Bool {
        while unsent > 0 {
            let count = outgoing.withUnsafeBytes {
                System.write(output, UnsafeRawBufferPointer(rebasing: $0[sent...]))
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
        let count = System.read(input, into: scratch)
        if count == -Int(EAGAIN) { return true }
        guard count > 0 else { return false }
        decoder.append(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
        return true
    }

    func nextRequest() throws(ProtocolError) -> SupervisorRequest? {
        guard let frame = try decoder.next() else { return nil }
        return try SupervisorRequest(frame)
    }
}
