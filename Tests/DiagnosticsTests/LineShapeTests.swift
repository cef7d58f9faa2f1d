import Testing

@testable import Diagnostics

/// What a line's shape tells the parsers spares work and nothing else.
@Suite struct LineShapeTests {
    @Test func shape() {
        let shape = LineShape("  a.c:3 (x): é", next: 0x7E)
        #expect(shape.first == 0x20 && shape.start == UInt8(ascii: "a") && shape.last >= 0x80 && shape.next == 0x7E)
        #expect(shape.has(.place) && shape.has(.colon) && shape.has(.closed) && !shape.has(.spacedColon))
        #expect(shape.has("(") && shape.has("3") && !shape.has("4") && !shape.has("é"))
        #expect(shape.isIndented && !shape.isBlank && shape.starts(withAnyOf: "xa") && !shape.begins(withAnyOf: "xa"))
        #expect(LineShape("a : b").has(.spacedColon) && !LineShape("a:b").has(.place))
        #expect(LineShape(" \t").isBlank && LineShape("").isBlank)
    }

    static let commands = [
        ["make"], ["go", "test"], ["pytest"], ["swift", "test"], ["cargo", "test"], ["luacheck", "."],
    ]

    @Test(arguments: Fixture.names) func turnsAwayOnlyOthersLines(name: String) {
        let original = Fixture.bytes(name)
        var generator = SeededGenerator(state: UInt64(original.count))
        var texts = [original]
        for _ in 0..<2 {
            // Lines out of their order: a parser that is in the middle of something meets all kinds.
            let lines = original.split(separator: 0x0A, omittingEmptySubsequences: false)
            texts.append(Array(lines.prefix(2000).shuffled(using: &generator).joined(separator: [0x0A])))
        }
        for text in texts {
            for command in Self.commands.shuffled(using: &generator).prefix(1) + [[name]] {
                let output = CheckOutput(
                    command: command, stdout: [], stderr: text, workingDirectory: "/src", workspaceRoot: "/src")
                let source = WorkspaceSource(line: { _, _ in nil }, filesNamed: { _ in [] })
                let all = DiagnosticParsing.read(output, source: source, asksAll: true)
                let isSame = DiagnosticParsing.read(output, source: source) == all
                #expect(isSame, "\(command)")
            }
        }
    }
}
