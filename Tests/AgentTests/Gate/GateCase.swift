import AgentProtocol
import Testing

@testable import Agent

/// A change of one or more files, and what the gate finds in it.
struct GateCase: Sendable, CustomTestStringConvertible {
    struct Edit: Sendable {
        var path: String
        var old: String?
        var new: String?
    }

    var name: String
    var edits: [Edit]
    var commands: [[String]]
    var rules: Set<GateRule>
    /// Files that the change does not touch.
    var others: [String: String]

    var testDescription: String { name }

    init(
        _ name: String, _ rules: Set<GateRule>, commands: [[String]] = [["make", "test"]],
        others: [String: String] = [:], _ edits: Edit...
    ) {
        self.name = name
        self.rules = rules
        self.commands = commands
        self.others = others
        self.edits = edits
    }

    /// An honest one.
    init(_ name: String, commands: [[String]] = [["make", "test"]], others: [String: String] = [:], _ edits: Edit...) {
        self.init(name, [], commands: commands, others: others)
        self.edits = edits
    }

    func findings() -> [GateFinding] {
        let others = others
        return GateReview.findings(
            GateInput(
                files: edits.map { edit in
                    GateFile(
                        path: edit.path, old: edit.old.map { Array($0.utf8) }, new: edit.new.map { Array($0.utf8) })
                },
                commands: commands, read: { path in others[path].map { Array($0.utf8) } }))
    }

    func check() {
        let findings = findings()
        let found = findings.map { "\($0.rule) \($0.path ?? "") \($0.line ?? 0): \($0.message)" }
        #expect(Set(findings.map(\.rule)) == Set(rules.map(\.rawValue)), "\(name): \(found)")
    }
}

/// The same text before and after, but for one piece.
func edit(_ path: String, _ text: String, _ old: String, _ new: String) -> GateCase.Edit {
    let parts = text.split(separator: "@@", maxSplits: 1, omittingEmptySubsequences: false)
    return GateCase.Edit(
        path: path, old: "\(parts[0])\(old)\(parts[1])", new: "\(parts[0])\(new)\(parts[1])")
}

func change(_ path: String, _ old: String?, _ new: String?) -> GateCase.Edit {
    GateCase.Edit(path: path, old: old, new: new)
}

/// Tests in which the piece `@@` changes.
enum GateText {
    static let python =
        "import stats\n\n@@\ndef test_mean():\n    assert stats.mean([1, 2]) == 1.5\n    assert stats.mean([]) == 0\n"
    static let pythonBody =
        "import stats\n\ndef test_mean():\n    @@\n\ndef test_max():\n    assert stats.max([1]) == 1\n"
    static let script =
        "import { mean } from './stats';\n\n@@('means', () => {\n  expect(mean([1, 2])).toBe(1.5);\n});\n"
    static let java =
        "class StatsTest {\n    @@\n    void means() {\n        assertEquals(1.5, Stats.mean(1, 2));\n    }\n}\n"
    static let rust =
        "fn one() -> u32 { 1 }\n\n#[cfg(test)]\nmod tests {\n    @@\n    fn is_one() {\n        assert_eq!(one(), 1);\n    }\n}\n"
    static let go =
        "package stats\n\nimport \"testing\"\n\nfunc TestMean(t *testing.T) {\n\t@@\n\tif Mean(1, 2) != 1.5 {\n\t\tt.Fatal(\"mean\")\n\t}\n}\n"
    static let swift =
        "import Testing\n\n@@ func means() {\n    #expect(mean(1, 2) == 1.5)\n}\n"
    static let cpp = "#include <gtest/gtest.h>\n\nTEST(Area, @@) {\n  EXPECT_EQ(area(1, 2), 2);\n}\n"
    static let lua =
        "describe('stats', function()\n  @@('means', function()\n    assert.are.equal(1.5, mean(1, 2))\n  end)\nend)\n"
    static let makefile =
        "CFLAGS = -O2 @@\n\nall: stats\n\nstats: stats.c\n\t$(CC) $(CFLAGS) -o $@ $<\n\ntest: stats\n\t./run-tests.sh\n"
}
