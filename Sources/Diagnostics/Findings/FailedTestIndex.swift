/// The failures of tests by the test, to know the second telling of one: runners list failures in their text, repeat
/// them in a summary, and write them to a report.
struct FailedTestIndex {
    private struct Entry {
        var index: Int
        var parser: String
        var isReport: Bool
    }

    private var entries: [String: [Entry]] = [:]

    /// Failures of one test that are looked at.
    private static let most = 16

    mutating func add(_ name: String, index: Int, by parser: String, isReport: Bool) {
        let key = Self.key(name)
        guard entries[key, default: []].count < Self.most else { return }
        entries[key, default: []].append(Entry(index: index, parser: parser, isReport: isReport))
    }

    /// The failure that another source has told of. One source may tell several of a test, and they are several; what
    /// the other then says of the test adds to the first.
    func repeated(_ name: String, by parser: String, isReport: Bool) -> Int? {
        entries[Self.key(name)]?.first { entry in
            // Two report files are of two runs, or of two modules with tests of one name.
            entry.isReport != isReport || !isReport && entry.parser != parser
        }?.index
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
