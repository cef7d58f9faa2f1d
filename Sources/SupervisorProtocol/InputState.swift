/// How far the interactive input of a command is.
public struct InputState: Sendable, Equatable {
    /// Bytes that have reached the supervisor. A writer goes on from here after its connection was replaced.
    public var received: Int
    /// Bytes that the command's pipe or terminal has taken.
    public var taken: Int
    /// False once nothing more is taken: it was closed, or the command reads no more.
    public var isOpen: Bool

    public init(received: Int = 0, taken: Int = 0, isOpen: Bool = false) {
        self.received = received
        self.taken = taken
        self.isOpen = isOpen
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt64(clamping: received))
        writer.write(UInt64(clamping: taken))
        writer.write(isOpen)
    }

    init(from reader: inout ByteReader) throws(ProtocolError) {
        received = try reader.readCount("received", atMost: .max / 2)
        taken = try reader.readCount("taken", atMost: received)
        isOpen = try reader.readBool("isOpen")
    }
}
