/// The failures of tests by the test, to know the second telling of one: runners list failures in their text, repeat
/// them in a summary, and write them to a report.
struct FailedTestIndex {
    private struct Entry {
        var index: Int
        var parser: String
        var isReport: Bool
    }

    private var entries: [String: [Entry]] = [:]
    /// Keys by their last part.
    private var keys: [Substring: [String]] = [:]

    /// Failures of one test that are looked at.
    private static let most = 16

    mutating func add(_ name: String, index: Int, by parser: String, isReport: Bool) {
        let key = Self.key(name)
        let last = Self.last(key)
        if entries[key] == nil, keys[last, default: []].count < Self.most { keys[last, default: []].append(key) }
        guard entries[key, default: []].count < Self.most else { return }
        entries[key, default: []].append(Entry(index: index, parser: parser, isReport: isReport))
    }

    /// The failure that another source has told of. One source may tell several of a test, and they are several; what
    /// the other then says of the test adds to the first.
    func repeated(_ name: String, by parser: String, isReport: Bool) -> Int? {
        let key = Self.key(name)
        let same = entries[key]?.first { entry in
            // Two report files are of two runs, or of two modules with tests of one name.
            entry.isReport != isReport || !isReport && entry.parser != parser
        }
        if let same { return same.index }
        // Text often leaves out the module or the suite.
        let fuller = (keys[Self.last(key)] ?? []).filter { $0[...].ends("." + key) || key[...].ends("." + $0) }
        guard fuller.count == 1 else { return nil }
        return entries[fuller[0]]?.first { $0.isReport != isReport }?.index
    }

    private static func last(_ key: String) -> Substring {
        key.utf8.lastIndex(of: UInt8(ascii: ".")).map { key[key.utf8.index(after: $0)...] } ?? key[...]
    }

    /// The same for all ways to write one name: `a/test_b.py::K::test_c`, `a.test_b.K.test_c`, `K/test_c()`.
    static func key(_ name: String) -> String {
        var parts: [Substring] = []
        let (path, parameter) =
            name[...].find("[").map { (name[..<$0.lowerBound], name[$0.lowerBound...]) } ?? (name[...], "")
        for part in path.utf8.split(whereSeparator: { "./:#$> ".utf8.contains($0) }).map({ Substring($0) }) {
            let part = part.before(suffix: "()") ?? part
            if !part.isEmpty, !part.equals("py"), !part.equals("›") { parts.append(part) }
        }
        return parts.joined(separator: ".") + parameter
    }
}
