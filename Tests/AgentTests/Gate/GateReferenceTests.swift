import Testing
import Workspace

@testable import Agent

struct GateReferenceTests {
    /// The reference's table of gate rules has the rules of the code, in its order and its words.
    @Test func theReferenceListsTheRules() throws {
        let folder = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let bytes = try #require(FileBytes.read("/\(folder)/Protocol/README.md", limit: 1 << 20))
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "| `rule` | finds |"))
        let rows = lines[(start + 2)...].prefix { $0.hasPrefix("|") }
        #expect(rows.map(String.init) == GateRule.allCases.map { "| `\($0.rawValue)` | \($0.summary) |" })
    }

    @Test func namesAreStable() {
        for rule in GateRule.allCases {
            #expect(rule.rawValue.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }, "\(rule)")
        }
    }
}
