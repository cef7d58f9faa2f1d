import Sandbox
import Secrets

/// A command's output with the secrets that the service knows hidden, whatever chunks they came in. Offsets stay true.
struct MaskedOutput: AsyncSequence {
    typealias Element = OutputChunk

    let output: ExecOutput
    let secrets: KnownSecrets?

    func makeAsyncIterator() -> Iterator { Iterator(source: output.makeAsyncIterator(), secrets: secrets) }

    struct Iterator: AsyncIteratorProtocol {
        private struct Stream {
            let stream: OutputStream
            var mask: SecretMask
            /// Where the next byte that is given out belongs; nil before the first chunk.
            var offset: Int?

            mutating func take(_ chunk: OutputChunk) -> OutputChunk? {
                self.chunk(mask.mask(chunk.bytes), offset ?? chunk.offset)
            }

            mutating func finish() -> OutputChunk? { chunk(mask.finish(), offset ?? 0) }

            private mutating func chunk(_ bytes: [UInt8], _ start: Int) -> OutputChunk? {
                offset = start + bytes.count
                return bytes.isEmpty ? nil : OutputChunk(stream: stream, offset: start, bytes: bytes)
            }
        }

        private var source: ExecOutput.Iterator
        private var stdout: Stream
        private var stderr: Stream

        init(source: ExecOutput.Iterator, secrets: KnownSecrets?) {
            self.source = source
            stdout = Stream(stream: .stdout, mask: SecretMask(secrets))
            stderr = Stream(stream: .stderr, mask: SecretMask(secrets))
        }

        mutating func next() async -> OutputChunk? {
            while let chunk = await source.next() {
                let masked =
                    switch chunk.stream {
                    case .stdout: stdout.take(chunk)
                    case .stderr: stderr.take(chunk)
                    }
                if let masked { return masked }
            }
            return stdout.finish() ?? stderr.finish()
        }
    }
}

extension ExecOutput {
    /// - Parameter secrets: nil hides nothing.
    func masking(_ secrets: KnownSecrets?) -> MaskedOutput { MaskedOutput(output: self, secrets: secrets) }
}
