/// The output of a command as a sequence of chunks, made by a driver from any pull function.
public struct ExecOutput: AsyncSequence, Sendable {
    public typealias Element = OutputChunk

    private let pull: @Sendable () async -> OutputChunk?

    /// `pull` gives the next chunk, or nil at the end; it is called by one reader at a time.
    public init(pull: @escaping @Sendable () async -> OutputChunk?) {
        self.pull = pull
    }

    /// An output that is known already, for tests and for drivers that collect.
    public init(_ chunks: [OutputChunk]) {
        var stream: AsyncStream<OutputChunk> {
            AsyncStream { continuation in
                for chunk in chunks { continuation.yield(chunk) }
                continuation.finish()
            }
        }
        let box = IteratorBox(stream.makeAsyncIterator())
        self.init { await box.next() }
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(pull: pull)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let pull: @Sendable () async -> OutputChunk?

        public mutating func next() async -> OutputChunk? {
            await pull()
        }
    }
}

private actor IteratorBox {
    private var chunks: AsyncStream<OutputChunk>.Iterator

    init(_ iterator: AsyncStream<OutputChunk>.Iterator) {
        chunks = iterator
    }

    func next() async -> OutputChunk? {
        var copy = chunks
        let chunk = await copy.next(isolation: #isolation)
        chunks = copy
        return chunk
    }
}
