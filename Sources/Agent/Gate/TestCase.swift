/// A test as it stands in a file.
struct TestCase: Sendable {
    var name: String
    var path: String
    /// From 1.
    var line: Int
    /// The code of its body, line by line.
    var body: [SourceText.Line]
    /// How many real assertions are in it.
    var assertions: Int

    var text: [String] { body.map(\.code) }
}

/// Finds tests by the way in which they are declared.
struct TestScanner {
    let path: String
    let language: SourceLanguage

    /// Tests of one file that are told apart.
    private static let maximumTests = 20_000

    func tests(in source: SourceText) -> [TestCase] {
        var found: [TestCase] = []
        var annotated = false
        var budget = Self.bodiesPerLine * source.lines.count
        for (index, line) in source.lines.enumerated() where !line.code.isEmpty {
            guard found.count < Self.maximumTests else { break }
            let declared = name(line.code, annotated: annotated)
            // An annotation counts for what comes after it, other annotations between.
            if isAnnotation(line.code) {
                annotated = true
            } else if declared != nil
                || !(line.code.hasPrefix("@") || line.code.hasPrefix("#[") || line.code.hasPrefix("["))
            {
                annotated = false
            }
            guard let declared else { continue }
            let body = budget > 0 ? body(after: index, in: source) : []
            budget -= body.count
            let assertions = Assertions(language: language)
            found.append(
                TestCase(
                    name: declared, path: path, line: line.number, body: body,
                    assertions: body.count { assertions.isReal($0.code) }))
        }
        return found
    }

    /// Lines of one body that are looked at, and of all bodies together for each line of the file: tests may be nested.
    private static let maximumBody = 2000
    private static let bodiesPerLine = 4

    private static let closing: Set<String> = ["):", ") {", "){", ")", "])", "{", ") =>", ") => {"]

    /// What is indented deeper than the declaration, up to where nothing is.
    private func body(after index: Int, in source: SourceText) -> [SourceText.Line] {
        let declaration = source.lines[index]
        var body: [SourceText.Line] = []
        // `TEST(a, b) { EXPECT_EQ(1, f()); }`, `it("adds", () => expect(f()).toBe(1));`
        for opening in ["{", "=>"] {
            guard let place = Self.index(of: opening, in: declaration.code) else { continue }
            var inner = declaration
            inner.code = String(declaration.code[declaration.code.utf8.index(place, offsetBy: opening.utf8.count)...])
            if inner.code.contains(where: { $0.isLetter }) { body.append(inner) }
            break
        }
        var isSignature = declaration.code.hasSuffix("(") || declaration.code.hasSuffix(",")
        for line in source.lines[(index + 1)...].prefix(Self.maximumBody) where !line.text.isEmpty {
            if line.indent <= declaration.indent {
                if line.code.isEmpty || (body.isEmpty && line.code == "{") { continue }
                guard isSignature, Self.closing.contains(line.code) || line.code.hasPrefix(")") else { break }
                isSignature = false
                body.removeAll()
                continue
            }
            if !line.code.isEmpty { body.append(line) }
        }
        return body
    }

    private func isAnnotation(_ code: String) -> Bool {
        switch language {
        case .java, .kotlin:
            Self.begins(code, with: ["@Test", "@ParameterizedTest", "@RepeatedTest", "@TestFactory", "@Property"])
        case .csharp:
            Self.begins(code, with: ["[Test", "[Fact", "[Theory", "[TestMethod", "[TestCase"])
        case .rust:
            Self.begins(code, with: ["#[test", "#[rstest", "#[test_case"])
                || (code.hasPrefix("#[") && code.hasSuffix("::test]"))
                || (code.hasPrefix("#[") && code.utf8.count < 200 && Haystack(code).has("::test("))
        case .swift: code == "@Test" || code.hasPrefix("@Test(")
        case .php: code.hasPrefix("#[Test")
        default: false
        }
    }

    private static func begins(_ code: String, with starts: [String]) -> Bool { starts.contains { code.hasPrefix($0) } }

    /// The name of the test that a line declares.
    private func name(_ code: String, annotated: Bool) -> String? {
        switch language {
        case .python:
            return word(code, after: "def ").flatMap { $0.hasPrefix("test") ? $0 : nil }
        case .script, .lua:
            return quoted(code, calls: ["it", "test", "specify", "fit", "xit", "xtest"])
                ?? (language == .lua
                    ? word(code, after: "function ").flatMap { $0.lowercased().hasPrefix("test") ? $0 : nil } : nil)
        case .ruby:
            return quoted(code, calls: ["it", "test", "specify", "scenario", "xit"])
                ?? word(code, after: "def ").flatMap { $0.hasPrefix("test") ? $0 : nil }
        case .java, .kotlin, .csharp:
            let sameLine = isAnnotation(code)
            guard annotated || sameLine, code.contains("(") else { return nil }
            let declaration = sameLine ? afterAnnotation(code) : Substring(code)
            guard !declaration.isEmpty, !declaration.hasPrefix("@"), !declaration.hasPrefix("[") else { return nil }
            return wordBefore("(", in: declaration)
        case .rust:
            return annotated ? word(code, after: "fn ") : nil
        case .go:
            return word(code, after: "func ").flatMap {
                ["Test", "Fuzz", "Example"].contains(where: $0.hasPrefix) ? $0 : nil
            }
        case .swift:
            guard let name = word(code, after: "func ") else { return nil }
            return annotated || code.hasPrefix("@Test") || name.hasPrefix("test") ? name : nil
        case .c:
            return macro(code)
        case .php:
            return word(code, after: "function ").flatMap { annotated || $0.hasPrefix("test") ? $0 : nil }
        case .shell:
            if code.hasPrefix("@test ") { return quoted(String(code.dropFirst(6)), calls: []) }
            guard code.contains("()"), let name = wordBefore("(", in: code[...]), name.hasPrefix("test") else {
                return nil
            }
            return name
        case .perl: return quoted(code, calls: ["subtest"])
        case .elisp: return word(code, after: "(ert-deftest ")
        case .cmake:
            guard let rest = arguments(code, of: "add_test") else { return nil }
            let words = rest.split { $0 == " " || $0 == ")" || $0 == "\t" }
            return (words.first == "NAME" ? words.dropFirst().first : words.first).map(String.init)
        case .make, .other: return nil
        }
    }

    /// The identifier after a keyword that stands at the beginning of the line or after a blank.
    private func word(_ code: String, after keyword: String) -> String? {
        let start: String.Index
        if code.hasPrefix(keyword) {
            start = code.index(code.startIndex, offsetBy: keyword.count)
        } else if let place = Self.index(of: " " + keyword, in: code) {
            start = code.utf8.index(place, offsetBy: keyword.utf8.count + 1)
        } else {
            return nil
        }
        let name = code[start...].drop { $0 == "`" }.prefix {
            $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" && language == .elisp
        }
        return name.isEmpty ? nil : String(name)
    }

    private static func index(of needle: String, in code: String) -> String.Index? {
        let bytes = Array(needle.utf8)
        var place = code.utf8.startIndex
        while place < code.utf8.endIndex {
            if code.utf8[place...].starts(with: bytes) { return place }
            place = code.utf8.index(after: place)
        }
        return nil
    }

    private func wordBefore(_ character: Character, in code: Substring) -> String? {
        guard let end = code.firstIndex(of: character) else { return nil }
        let name = code[..<end].reversed().drop { $0 == " " }.prefix {
            $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-"
        }
        return name.isEmpty ? nil : String(name.reversed())
    }

    private func afterAnnotation(_ code: String) -> Substring {
        guard let end = code.firstIndex(where: { $0 == " " }) else { return "" }
        return code[code.index(after: end)...]
    }

    /// `it("adds", …)`: the quoted text after one of these calls.
    private func quoted(_ code: String, calls: [String]) -> String? {
        var rest = code[...]
        if !calls.isEmpty {
            let head = code.prefix { $0.isLetter || $0 == "_" }
            guard calls.contains(String(head)) else { return nil }
            rest = code[head.endIndex...]
            // `it.each([…])("…"`, `it.skip("…"`
            guard let next = rest.first, next == "(" || next == " " || next == "." else { return nil }
        }
        guard let open = rest.firstIndex(where: { $0 == "\"" || $0 == "'" || $0 == "`" }) else { return nil }
        let inner = rest[rest.index(after: open)...]
        guard let close = inner.firstIndex(of: rest[open]) else { return nil }
        return String(inner[..<close])
    }

    private func arguments(_ code: String, of call: String) -> Substring? {
        guard code.lowercased().hasPrefix(call) else { return nil }
        let rest = code.dropFirst(call.count).drop { $0 == " " }
        return rest.first == "(" ? rest.dropFirst() : nil
    }

    private static let macros: [String] = [
        "TEST", "TEST_F", "TEST_P", "TYPED_TEST", "TEST_CASE", "TEST_METHOD", "SCENARIO", "BOOST_AUTO_TEST_CASE",
        "BOOST_FIXTURE_TEST_CASE", "START_TEST", "RUN_TEST", "Test", "tcase_add_test", "cmocka_unit_test",
    ]

    private func macro(_ code: String) -> String? {
        let head = code.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = code[head.endIndex...].drop { $0 == " " }
        guard rest.first == "(", let close = rest.lastIndex(of: ")") else {
            return nil
        }
        if Self.macros.contains(String(head)) {
            return String(rest[rest.index(after: rest.startIndex)..<close].filter { $0 != " " && $0 != "\"" })
        }
        return nil
    }
}
