import Diagnostics
import Testing

@Suite struct ParserNamesTests {
    @Test func theReferenceNamesEveryParser() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = String(decoding: readFile("/\(folder)/Protocol/README.md") ?? [], as: UTF8.self)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(!rows.isEmpty)
        for name in DiagnosticParsing.parserNames {
            #expect(rows.contains { $0.split(separator: "|").first?.contains("`\(name)`") == true }, "\(name)")
        }
    }
}
