extension Diagnostic {
    /// Bytes of `sourceLine`.
    public static let longestSourceLine = 400

    /// What `sourceLine` says of a line: without line break and byte order mark, cut between two characters.
    /// - Returns: nil when the line is not UTF-8: an editor shows other text for it.
    public static func sourceLine(of line: ArraySlice<UInt8>) -> String? {
        var line = line
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        if line.count > longestSourceLine {
            var end = line.startIndex + longestSourceLine
            while end > line.startIndex, line[end] & 0xC0 == 0x80 { end -= 1 }
            line = line[..<end]
        }
        return String(validating: line, as: UTF8.self)
    }
}
