import AgentProtocol
import Diagnostics
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Real outputs, damaged at random: whatever comes, the result keeps its promises.
@Suite struct FuzzTests {
    static let rounds = getenv("COFFERDAM_LONG_TESTS") == nil ? 4 : 60
    static let commands = [
        ["gcc", "-c", "b.c"], ["swift", "test"], ["python3", "-m", "pytest"], ["make"], ["clang", "sarif"], [],
    ]

    @Test(arguments: Fixture.names) func mutated(name: String) throws {
        let original = Fixture.bytes(name)
        try #require(!original.isEmpty)
        var generator = SeededGenerator(state: UInt64(name.utf8.reduce(7) { ($0 &* 31) &+ UInt($1) }))
        let names = DiagnosticParsing.parserNames.map { Optional($0) }
        for _ in 0..<Self.rounds {
            let damaged = mutate(original, &generator)
            // A few of the parsers by name in each round: all of them with all fixtures would take minutes.
            for parser in [nil] + names.shuffled(using: &generator).prefix(6) {
                let command = Self.commands.randomElement(using: &generator) ?? []
                let output = parse(
                    stdout: Bool.random(using: &generator) ? damaged : [], stderr: damaged, command: command,
                    parser: parser,
                    reports: Bool.random(using: &generator) ? [.init(path: "report", bytes: damaged)] : [],
                    files: ["b.c": "int x;\n\té = 1;\n", "test_x.py": "a\nb\nc"])
                check(output)
            }
        }
    }

    func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        let tokens = [
            "\n", ":", "1:1: error: ", "\u{1B}[", "[{", "]", "\"", "\\u0000", "| ", "`- note: ", "</", "=", "999999999",
        ]
        for _ in 0..<Int.random(in: 1...12, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...64, using: &generator)))
            case 2: bytes.insert(contentsOf: (tokens.randomElement(using: &generator) ?? "").utf8, at: place)
            case 3:
                let end = min(bytes.count, place + Int.random(in: 1...200, using: &generator))
                bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 4: bytes.removeLast(bytes.count - place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            }
        }
        return bytes
    }

    func check(_ output: ParsedOutput) {
        #expect(output.diagnostics.count <= DiagnosticLimits.diagnostics)
        #expect(output.unparsed.utf8.count <= DiagnosticLimits.unparsedBytes)
        for diagnostic in output.diagnostics {
            #expect(diagnostic.message.utf8.count <= DiagnosticLimits.messageBytes + DiagnosticLimits.pathBytes + 64)
            #expect(diagnostic.fingerprint.utf8.count == 16)
            #expect(isClean(diagnostic.message))
            #expect(diagnostic.path.isEmpty ? diagnostic.range == nil : true)
            check(diagnostic.path, diagnostic.range)
            for related in diagnostic.related ?? [] { check(related.path, related.range) }
            for fix in diagnostic.fixes ?? [] { for edit in fix.edits { check(edit.path, edit.range) } }
        }
    }

    func check(_ path: String, _ range: TextRange?) {
        #expect(!path.hasPrefix("/") && !path.split(separator: "/").contains("..") && isClean(path))
        guard let range else { return }
        #expect(range.startLine >= 1 && range.startColumn >= 1 && range.endColumn >= 1)
        #expect((range.startLine, range.startColumn) <= (range.endLine, range.endColumn))
    }

    func isClean(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x09 }
    }
}
