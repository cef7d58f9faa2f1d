/// Text by bytes. `hasPrefix`, `dropFirst` and the like go by characters and canonical equivalence: slower, and a
/// combining mark after a colon would hide the colon.
extension Substring {
    func begins(_ prefix: String) -> Bool {
        // Nearly every line is told apart by its first byte.
        utf8.first == prefix.utf8.first && utf8.starts(with: prefix.utf8)
    }

    func ends(_ suffix: String) -> Bool {
        let wanted = suffix.utf8.count
        guard utf8.count >= wanted, utf8.last == suffix.utf8.last else { return false }
        return utf8.suffix(wanted).elementsEqual(suffix.utf8)
    }

    func equals(_ text: String) -> Bool { utf8.elementsEqual(text.utf8) }

    func droppingBytes(_ count: Int) -> Substring { Substring(utf8.dropFirst(count)) }
    func droppingLastBytes(_ count: Int) -> Substring { Substring(utf8.dropLast(count)) }

    /// The text after a prefix; nil when it does not begin so.
    func after(prefix: String) -> Substring? {
        begins(prefix) ? droppingBytes(prefix.utf8.count) : nil
    }

    /// The text before a suffix; nil when it does not end so.
    func before(suffix: String) -> Substring? {
        ends(suffix) ? droppingLastBytes(suffix.utf8.count) : nil
    }

    /// The first place of a text.
    func find(_ needle: String) -> Range<Index>? {
        var needle = needle
        let count = needle.utf8.count
        let offset = needle.withUTF8 { pattern in
            let inPlace = utf8.withContiguousStorageIfAvailable { Self.offset(of: pattern, in: $0) }
            return inPlace ?? Array(utf8).withUnsafeBufferPointer { Self.offset(of: pattern, in: $0) }
        }
        guard let offset else { return nil }
        let start = utf8.index(utf8.startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: count)
    }

    private static func offset(of pattern: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let first = pattern.first, text.count >= pattern.count else { return nil }
        for start in 0...(text.count - pattern.count) where text[start] == first {
            var length = 1
            while length < pattern.count, text[start + length] == pattern[length] { length += 1 }
            if length == pattern.count { return start }
        }
        return nil
    }

    func has(_ needle: String) -> Bool { find(needle) != nil }

    /// What stands before and after the first place of a text.
    func cut(at separator: String) -> (before: Substring, after: Substring)? {
        find(separator).map { (self[..<$0.lowerBound], self[$0.upperBound...]) }
    }

    /// Without spaces and tabs at both ends.
    var trimmed: Substring {
        var view = utf8
        while let byte = view.first, byte == 0x20 || byte == 0x09 { view = view.dropFirst() }
        while let byte = view.last, byte == 0x20 || byte == 0x09 { view = view.dropLast() }
        return Substring(view)
    }

    /// Spaces and tabs at the beginning.
    var indentation: Int { utf8.prefix { $0 == 0x20 || $0 == 0x09 }.count }

    var isBlank: Bool { utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

    /// At most so many bytes, whole scalars only.
    func limited(toBytes limit: Int) -> Substring {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: Swift.max(0, limit))
        while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return self[..<end]
    }

    /// A whole number of 1 to 9 digits; nil when it is anything else.
    var smallNumber: Int? {
        guard (1...9).contains(utf8.count), utf8.allSatisfy({ $0.isDigit }) else { return nil }
        return Int(self)
    }
}

extension String {
    /// At most so many bytes, whole scalars only; a cut is shown by `…`.
    func shortened(toBytes limit: Int) -> String {
        utf8.count > limit ? String(self[...].limited(toBytes: limit - 3)) + "…" : self
    }
}

extension String {
    /// Fit to be shown: within the length of a message and without control characters, which come out of escapes in
    /// JSON and XML even when the text around them is clean.
    var presentable: String {
        let short = shortened(toBytes: DiagnosticLimits.messageBytes)
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
        }
        guard short.unicodeScalars.contains(where: isControl) else { return short }
        return String(String.UnicodeScalarView(short.unicodeScalars.filter { !isControl($0) }))
    }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    /// A byte of an identifier of about any language; all beyond ASCII counts.
    var isIdentifier: Bool { isLetter || isDigit || self == 0x5F || self >= 0x80 }
}
