import Crypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// SHA-256 as 64 hexadecimal digits; a content address.
struct Digest: Hashable, Sendable, CustomStringConvertible {
    let hex: String

    /// As images write it: `sha256:` and 64 lower-case digits. Nil for anything else, other algorithms included.
    init?(_ text: String) {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix) else { return nil }
        let hex = text.dropFirst(prefix.utf8.count)
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else {
            return nil
        }
        self.hex = String(hex)
    }

    init(of bytes: [UInt8]) {
        self.init(SHA256.hash(data: bytes))
    }

    private init(_ digest: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in digest { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        hex = String(decoding: text, as: UTF8.self)
    }

    var description: String { "sha256:" + hex }

    /// Of an open file from its start, which is where it stands afterwards again. Nil when it cannot be read.
    init?(ofDescriptor descriptor: Int32, _ cancellation: Cancellation) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { return nil }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            if cancellation.isCancelled { return nil }
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { break }
            buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { return nil }
        self.init(hash.finalize())
    }
}
