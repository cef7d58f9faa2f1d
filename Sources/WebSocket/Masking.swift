/// The XOR mask of client frames (RFC 6455 section 5.3).
enum Masking {
    /// Masks or unmasks `bytes` from `start` on, eight bytes at a time; gives the mask as it applies to the next byte.
    ///
    /// - Parameter mask: its four bytes in memory order.
    static func apply(_ mask: UInt32, to bytes: UnsafeMutableRawBufferPointer, from start: Int) -> UInt32 {
        guard mask != 0 else { return 0 }
        var index = start
        let wide = UInt64(mask) << 32 | UInt64(mask)
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            bytes.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        var rolling = UInt32(littleEndian: mask)
        while index < bytes.count {
            bytes[index] ^= UInt8(truncatingIfNeeded: rolling)
            rolling = rolling >> 8 | rolling << 24
            index += 1
        }
        return UInt32(littleEndian: rolling)
    }
}
