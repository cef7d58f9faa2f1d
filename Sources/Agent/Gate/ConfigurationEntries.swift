import JSON

/// A configuration file as pairs of a key and a word of its value, whatever its syntax.
///
/// Not a parser of anything: sections, indentation and the first `=` or `:` are enough to tell what was changed.
struct ConfigurationEntries {
    /// How often each word stands under each key.
    private(set) var counts: [Entry: Int] = [:]
    private(set) var keys: Set<String> = []

    struct Entry: Hashable {
        /// Names from the outside in, with `.` between.
        var key: String
        var word: String
        /// 0 for values out of JSON.
        var line: Int = 0

        static func == (one: Entry, other: Entry) -> Bool { one.key == other.key && one.word == other.word }
        func hash(into hasher: inout Hasher) {
            hasher.combine(key)
            hasher.combine(word)
        }
    }

    /// Names of a key that are told apart.
    private static let maximumDepth = 16

    init(_ bytes: [UInt8]?, path: String) {
        guard let bytes else { return }
        let name = path.lowercased()
        if name.hasSuffix(".json") || name.hasSuffix("rc"), let json = try? JSON(parsing: bytes),
            json.objectValue != nil
        {
            read(json)
        } else {
            read(bytes, name)
        }
    }

    /// What `new` has and `self` has not, by key.
    func added(in new: ConfigurationEntries) -> [String: [Entry]] {
        var result: [String: [Entry]] = [:]
        for (entry, count) in new.counts where count > counts[entry] ?? 0 {
            result[entry.key, default: []].append(entry)
        }
        return result
    }

    private mutating func add(_ key: String, _ words: [String], line: Int) {
        keys.insert(key)
        for word in words { counts[Entry(key: key, word: word, line: line), default: 0] += 1 }
    }

    private mutating func read(_ json: JSON) {
        var rest: [(key: String, value: JSON, depth: Int)] = [("", json, 0)]
        while let (key, value, depth) = rest.popLast() {
            if let object = value.objectValue {
                for member in object.keys {
                    guard let inner = object[member] else { continue }
                    let name =
                        depth < Self.maximumDepth && !key.isEmpty ? "\(key).\(member)" : key.isEmpty ? member : key
                    rest.append((name, inner, depth + 1))
                }
            } else if let array = value.arrayValue {
                rest += array.reversed().map { (key, $0, depth + 1) }
            } else if let text = value.stringValue {
                add(key, Self.words(text[...]), line: 0)
            } else {
                add(key, [value.text], line: 0)
            }
        }
    }

    private mutating func read(_ bytes: [UInt8], _ name: String) {
        let language: SourceLanguage
        switch SourceLanguage(path: name) {
        case .other:
            let isJSON = [".json", ".jsonc", ".json5"].contains(where: name.hasSuffix)
            language = isJSON ? .script : name.hasSuffix(".xml") ? .other : .shell
        case let known: language = known
        }
        let hasSections = [".toml", ".ini", ".cfg", "rc", ".flake8", ".bandit", ".config"].contains(
            where: name.hasSuffix)
        var section = ""
        var parents: [(indent: Int, name: String)] = []
        for line in SourceText(bytes, language).lines where !line.code.isEmpty {
            var code = line.code[...]
            if hasSections, code.first == "[", code.last == "]", !code.contains("=") {
                section = code.filter { !"[] \"'".contains($0) }
                parents = []
                continue
            }
            if hasSections, code.first == ";" { continue }
            var indent = line.indent
            if code.hasPrefix("- ") {
                code = code.dropFirst(2)
                indent += 1
            }
            while let last = parents.last, last.indent >= indent { parents.removeLast() }
            var value = code
            if let (own, rest) = Self.keyed(code) {
                if parents.count < Self.maximumDepth { parents.append((indent, own)) }
                value = rest
            }
            let path = ([section] + parents.map(\.name)).filter { !$0.isEmpty }.joined(separator: ".")
            add(path, Self.words(value), line: line.number)
        }
    }

    /// `key: value`, `"key" = value`
    private static func keyed(_ code: Substring) -> (String, Substring)? {
        guard let place = code.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        var name = code[..<place]
        for start in ["module.exports", "export default", "const ", "let ", "var ", "local ", "return "]
        where name.hasPrefix(start) {
            name = name.dropFirst(start.count)
        }
        let key = name.filter { !" \t\"'[]{}(".contains($0) }
        guard key.utf8.count <= 128, !key.contains(",") else { return nil }
        return (key, code[code.index(after: place)...])
    }

    private static func words(_ value: Substring) -> [String] {
        value.utf8.split { byte in
            switch byte {
            case 0x09, 0x0A, 0x0D, 0x20, 0x22, 0x27, 0x28, 0x29, 0x2C, 0x3B, 0x5B, 0x5D, 0x7B, 0x7D: true
            default: false
            }
        }.compactMap { String(Substring($0)) }
    }
}
