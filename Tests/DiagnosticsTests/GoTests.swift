import AgentProtocol
import Diagnostics
import Testing

@Suite struct GoTests {
    private static let built = [
        "go error a.go 2:16-2:16: \"os\" imported and not used",
        "go error a.go 3:31-3:31: cannot use x (variable of type int) as string value in return statement",
        "go error a.go 4:37-4:37: undefined: undefinedFn",
    ]

    @Test func build() {
        let text = parse(stderr: Fixture.bytes("go-build.txt"), command: ["go", "build", "./..."], root: "/src/go")
        #expect(text.briefs == Self.built)
        #expect(text.unparsed == "")
        let json = parse(stdout: Fixture.bytes("go-build.jsonl"), command: ["go", "build", "-json"], root: "/src/go")
        #expect(json.briefs == Self.built)
        #expect(json.unparsed == "")
    }

    @Test func vet() {
        let text = parse(stderr: Fixture.bytes("go-vet.txt"), command: ["go", "vet", "./..."], root: "/src/go")
        #expect(text.briefs == ["go error a.go 3:31-3:31: fmt.Printf format %d has arg \"s\" of wrong type string"])
        let json = parse(stderr: Fixture.bytes("go-vet.json"), command: ["go", "vet", "-json"], root: "/src/go")
        #expect(
            json.briefs == [
                "go vet warning [printf] a.go 3:31-3:33: fmt.Printf format %d has arg \"s\" of wrong type string"
            ])
        #expect(json.unparsed == "")
    }

    private static let failed = ["TestBad", "TestBad/sub/x", "TestPanic"]

    @Test(arguments: ["go-test.txt", "go-test.jsonl"]) func tests(_ fixture: String) {
        let output = parse(
            stdout: Fixture.bytes(fixture), command: ["go", "test", "./..."], root: "/src/go",
            files: ["a_test.go": "package ex\n\n\n\n\n\n"])
        #expect(output.diagnostics.map(\.test?.name).sorted { $0 ?? "" < $1 ?? "" } == Self.failed)
        #expect(output.diagnostics.map(\.path) == ["a_test.go", "a_test.go", "a_test.go"])
        #expect(output.diagnostics.map(\.range?.startLine).sorted { $0 ?? 0 < $1 ?? 0 } == [4, 4, 6])
        let panic = output.diagnostics.first { $0.test?.name == "TestPanic" }
        #expect(panic?.message == "TestPanic: panic: assignment to entry in nil map")
        #expect(panic?.test?.stack?.first?.message == "ex.TestPanic")
        if fixture.hasSuffix("jsonl") {
            #expect(output.tests?.outcomes["TestBad"] == .failed)
            #expect(output.tests?.counts == TestCounts(passed: 1, failed: 3, skipped: 1))
        }
        // The text names only what failed: how many passed is not known, and not said.
        if fixture.hasSuffix("txt") { #expect(output.tests == nil) }
        #expect(output.unparsed == "")
    }

    @Test func aLineOfAProgramIsNoFinding() {
        let log = "main.go:12: listening on :8080\n"
        #expect(parse(log, command: ["go", "run", "."]).diagnostics.isEmpty)
        let built = parse("# example.com/pkg\nasm.s:3: unknown mnemonic\n", command: ["go", "build", "./..."])
        #expect(built.briefs == ["go error asm.s 3:1-3:1: unknown mnemonic"])
    }

    @Test func manyFailuresAndLongEvents() {
        var text = ""
        for number in 0..<30_000 { text += "--- FAIL: Test\(number) (0.00s)\n    a_test.go:1: no\n" }
        #expect(parse(text, command: ["go", "test"]).diagnostics.count == DiagnosticLimits.diagnostics)
        let lines = String(repeating: "x\\n", count: 300_000)
        let event = #"{"Action":"output","Package":"p","Test":"T","Output":""# + lines + "\"}\n"
        #expect(parse(stdout: Array(event.utf8), command: ["go", "test", "-json"]).diagnostics.isEmpty)
    }

    @Test func values() {
        let output = parse(
            stdout: Array("--- FAIL: TestMean (0.00s)\n    stats_test.go:7: Mean: got 3, want 1.5\nFAIL\n".utf8),
            command: ["go", "test"], files: ["pkg/stats_test.go": "x"])
        #expect(output.diagnostics.map(\.path) == ["pkg/stats_test.go"])
        #expect(output.diagnostics.first?.test == FailedTest(name: "TestMean", expected: "1.5", actual: "3"))
    }
}
