/// Reads the path of a request as servers may read it, to hold it to a prefix.
enum RequestPath {
    /// What is before the query.
    static func path(ofTarget target: String) -> String {
        String(target.prefix { $0 != "?" })
    }

    /// Whether some server could resolve this path to another place than its text says.
    ///
    /// Decoded once and twice, with the backslash as a separator and parameters (`;x`) dropped, no segment may be `.` or
    /// `..`, none but the last may be empty, and no byte may be a control character. An encoded slash within a segment is no
    /// ambiguity in itself: split there or not, the path lies beneath the same prefix.
    static func isAmbiguous(_ path: String) -> Bool { readings(path) == nil }

    /// The path as it is and decoded once and twice, as far as these differ; nil when it is ambiguous.
    private static func readings(_ path: String) -> [[UInt8]]? {
        var bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        var readings: [[UInt8]] = []
        for _ in 0..<3 {
            if hasTrickySegment(bytes) { return nil }
            readings.append(bytes)
            guard bytes.contains(UInt8(ascii: "%")) else { return readings }
            guard let decoded = decode(bytes) else { return nil }
            bytes = decoded
        }
        // Encoded three times over: nobody means that.
        return nil
    }

    /// Whether a server could take `path` for `prefix` or something beneath it, whatever letter case, parameters and
    /// encoding it overlooks. For rules that deny.
    static func mayLie(_ path: String, beneath prefix: String) -> Bool {
        guard let readings = readings(path) else { return true }
        let wanted = plainSegments(Array(prefix.utf8))
        return readings.contains { plainSegments($0).starts(with: wanted) }
    }

    private static func plainSegments(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.map { segment in
            segment.prefix { $0 != UInt8(ascii: ";") }.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
    }

    /// Whether `path` is `prefix` or beneath it by whole segments. Only for paths that are not ambiguous.
    static func lies(_ path: String, beneath prefix: String) -> Bool {
        if prefix.utf8.last == UInt8(ascii: "/") { return path.utf8.starts(with: prefix.utf8) }
        return path.utf8.elementsEqual(prefix.utf8) || path.utf8.starts(with: (prefix + "/").utf8)
    }

    static func isPlainPrefix(_ prefix: String) -> Bool {
        !isAmbiguous(prefix) && prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"%?#;\\".utf8.contains($0) }
    }

    private static func hasTrickySegment(_ bytes: [UInt8]) -> Bool {
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return true }
        let segments = bytes.dropFirst().split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\")
        }
        for (index, segment) in segments.enumerated() {
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            if name.isEmpty && index < segments.count - 1 { return true }
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return true }
        }
        return false
    }

    /// Nil at a percent sign without two hexadecimal digits.
    private static func decode(_ bytes: [UInt8]) -> [UInt8]? {
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                decoded.append(bytes[index])
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = HTTPSyntax.hexValue(bytes[index + 1]),
                let low = HTTPSyntax.hexValue(bytes[index + 2])
            else { return nil }
            decoded.append(high << 4 | low)
            index += 3
        }
        return decoded
    }
}
