import JSON
import ProjectConfiguration
import Testing

@Suite struct YAMLTests {
    func json(_ text: String) throws -> JSON { try YAMLDocument.json(from: Array(text.utf8), file: "f").value }

    func failure(_ text: String) -> String {
        do {
            return "no error: \(try json(text).text.prefix(100))"
        } catch {
            return "\(error)"
        }
    }

    @Test func allKinds() throws {
        let value = try json(
            """
            a: 1
            "b c": [x, 'y', "z\\n", 0x1F, 0o17, -2, 1.5, 1e3, .5, 3., +4]
            d: |
              two
              lines
            e: {t: true, f: FALSE, n: ~, m: , s: !!str 5, i: !!int 7}
            words: [yes, no, on, off, 1_000, 12:30, 1.2.3, -, 1e, 0x, 2026-11-24, -.5x]
            """)
        let expected = try JSON(
            parsing: """
                {"a": 1, "b c": ["x", "y", "z\\n", 31, 15, -2, 1.5, 1000, 0.5, 3, 4], "d": "two\\nlines\\n",
                 "e": {"t": true, "f": false, "n": null, "m": null, "s": "5", "i": 7},
                 "words": ["yes", "no", "on", "off", "1_000", "12:30", "1.2.3", "-", "1e", "0x", "2026-11-24", "-.5x"]}
                """)
        #expect(value == expected)
    }

    @Test(arguments: ["", "# only a comment\n", "---\n...\n", "~"]) func empty(text: String) throws {
        #expect(try json(text).isNull)
    }

    @Test func aliasesAreFollowed() throws {
        #expect(
            try json("a: &x [1, {b: 2}]\nc: *x\nd: [*x, *x]").text
                == #"{"a":[1,{"b":2}],"c":[1,{"b":2}],"d":[[1,{"b":2}],[1,{"b":2}]]}"#)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", "f:3:1: the key ‘a’ occurs twice"),
        ("a: {x: 1, 'x': 2}", "f:1:11: the key ‘x’ occurs twice"),
        ("[a]: 1", "f:1:1: a key that is not a scalar"),
        ("*a : 1", "f:1:1: a key that is not a scalar"),
        ("a: *b", "f:1:4: an alias of the unknown anchor ‘b’"),
        ("a: &a [*a]", "f:1:8: an alias of the unknown anchor ‘a’"),
        ("x: &x {a: 1}\ny:\n  <<: *x", "f:3:3: merge keys (‘<<’) are not supported"),
        ("a: .inf", "f:1:4: a number that JSON cannot hold"),
        ("a: !!python/object:os.system ls", "f:1:4: a tag that does not fit here"),
        ("a: !!binary AAAA", "f:1:4: a tag that does not fit here"),
        ("a: !!int x", "f:1:4: a tag that does not fit here"),
        ("a: !!set {b}", "f:1:4: a tag that does not fit here"),
        ("a: 1\n--- \nb: 2", "f:3:1: more than one document"),
        ("a: [1", "f:2:1: not YAML: did not find expected ',' or ']'"),
        ("a:\n\t- b", "f:2:1: not YAML: found character that cannot start any token"),
        ("a: \"\u{1}\"", "f:1:1: not YAML: control characters are not allowed"),
    ]) func errors(text: String, expected: String) {
        #expect(failure(text) == expected)
    }

    @Test func billionLaughs() {
        var text = "a0: &a0 [lol, lol]\n"
        for level in 1...25 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(failure(text).hasSuffix("more than \(ConfigurationLimits.values) values, aliases followed"))
        // As keys too, which a composer would have to compare.
        #expect(failure(text + "*a25 : 1\n").contains("more than"))
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "]) func depth(opening: String) {
        let deep = String(repeating: opening, count: 100_000)
        let message = failure(deep)
        #expect(!message.hasPrefix("no error"))
        let levels = ConfigurationLimits.depth - 1
        #expect((try? json(String(repeating: "[", count: levels) + String(repeating: "]", count: levels))) != nil)
        #expect(
            failure(String(repeating: "[", count: levels + 2) + String(repeating: "]", count: levels + 2))
                .hasSuffix("more than \(ConfigurationLimits.depth) levels of nesting"))
    }

    @Test func depthBehindAliases() {
        var text = "a0: &a0 []\n"
        for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(failure(text).hasSuffix("levels of nesting"))
    }

    @Test func sizeAndEncoding() {
        let large = Array(String(repeating: "#\n", count: ConfigurationLimits.fileBytes).utf8)
        #expect(throws: ConfigurationError.self) { try YAMLDocument.json(from: large, file: "f") }
        let invalid: [([UInt8], Int)] = [
            ([0xFF, 0xFE, 0x61, 0x00], 1), (Array("a: 1\nb: ".utf8) + [0xC3, 0x28], 2), ([0xED, 0xA0, 0x80], 1),
        ]
        for (bytes, line) in invalid {
            do {
                _ = try YAMLDocument.json(from: bytes, file: "f")
                Issue.record("accepted")
            } catch {
                #expect(error == ConfigurationError(file: "f", line: line, column: 1, message: "not UTF-8"))
            }
        }
        #expect((try? YAMLDocument.json(from: Array("\u{FEFF}a: 1".utf8), file: "f").value) == ["a": 1])
    }

    @Test func locations() throws {
        let text = "a:\n  - b: 1\n    c: [x,\n        y]\nd: &d {e: 1}\nf: *d\n"
        let locations = try YAMLDocument.json(from: Array(text.utf8), file: "f").locations
        let root = YAMLPath()
        #expect(locations.position(of: root["a"][0]["c"][1]) == .init(line: 4, column: 9))
        #expect(locations.keyPosition(of: root["a"][0]["c"]) == .init(line: 3, column: 5))
        #expect(locations.position(of: root["f"]["e"]) == .init(line: 6, column: 4))
        #expect(locations.position(of: root["zz"]) == .init(line: 1, column: 1))
        #expect(root["a"][0]["c"].description == "a[0].c")
    }

    @Test func mutated() {
        let text = Array(
            "checks:\n  - name: &n \"a\\u00e9\"\n    command: [x, *n]\n    k: |2-\n      t\n? {a: 1}\n: !!str 5\n".utf8)
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: state >> 33) % bound
        }
        var refused = 0
        for _ in 0..<3000 {
            var bytes = text
            for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            if (try? YAMLDocument.json(from: bytes, file: "f")) == nil { refused += 1 }
            _ = try? ProjectConfigurationLoader.load(yaml: bytes, file: "f")
        }
        #expect(refused > 0)
    }
}
