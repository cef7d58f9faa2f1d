/// Finds any of many texts in bytes, in one pass.
struct SecretMatcher: Sendable {
    /// By their first four bytes, the longest first: a secret may begin with another.
    private var forms: [UInt32: [[UInt8]]] = [:]
    /// One bit for each pair of bytes that a form begins with.
    private var filter = [UInt64](repeating: 0, count: 1024)
    private(set) var isEmpty = true
    private(set) var longest = 0

    /// Bytes of a form that tell it from other texts; a beginning that is shorter is not waited for.
    static let anchor = 4

    /// - Parameter forms: of ``anchor`` bytes at least; shorter ones are passed over.
    init(_ forms: some Sequence<[UInt8]>) {
        for form in forms where form.count >= Self.anchor {
            isEmpty = false
            longest = max(longest, form.count)
            let pair = Int(form[0]) << 8 | Int(form[1])
            filter[pair >> 6] |= 1 << UInt64(pair & 63)
            self.forms[form.withUnsafeBufferPointer { Self.key($0, 0) }, default: []].append(form)
        }
        for key in self.forms.keys { self.forms[key]?.sort { $0.count > $1.count } }
    }

    private static func key(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32 {
        UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
    }

    /// What was found.
    struct Findings {
        /// In order, without overlaps.
        var ranges: [Range<Int>] = []
        /// Where the end of the bytes may be the beginning of a form, at least ``SecretMatcher/anchor`` bytes of it.
        var beginning: Int?
    }

    func find(in bytes: [UInt8]) -> Findings {
        guard !isEmpty else { return Findings() }
        return bytes.withUnsafeBufferPointer(find)
    }

    private func find(in bytes: UnsafeBufferPointer<UInt8>) -> Findings {
        var findings = Findings()
        var index = 0
        while index + Self.anchor <= bytes.count {
            let pair = Int(bytes[index]) << 8 | Int(bytes[index + 1])
            guard filter[pair >> 6] >> UInt64(pair & 63) & 1 == 1, let known = forms[Self.key(bytes, index)] else {
                index += 1
                continue
            }
            let left = bytes.count - index
            // Also where a shorter form is whole: more of a longer one may follow.
            if findings.beginning == nil,
                known.contains(where: { $0.count > left && Self.agree($0, bytes, index, left) })
            {
                findings.beginning = index
            }
            if let form = known.first(where: { $0.count <= left && Self.agree($0, bytes, index, $0.count) }) {
                findings.ranges.append(index..<index + form.count)
                index += form.count
            } else {
                index += 1
            }
        }
        return findings
    }

    private static func agree(_ form: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ count: Int) -> Bool {
        var offset = anchor
        while offset < count {
            if form[offset] != bytes[at + offset] { return false }
            offset += 1
        }
        return true
    }

    /// `bytes` with each finding replaced.
    /// - Returns: nil when there is nothing to replace.
    func replacing(_ bytes: [UInt8], with mark: [UInt8]) -> [UInt8]? {
        let ranges = find(in: bytes).ranges
        guard !ranges.isEmpty else { return nil }
        var result: [UInt8] = []
        var end = 0
        for range in ranges {
            result += bytes[end..<range.lowerBound]
            result += mark
            end = range.upperBound
        }
        return result + bytes[end...]
    }
}
