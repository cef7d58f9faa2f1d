import AgentProtocol
import Diagnostics
import Testing

@Suite struct ShellTests {
    static let files = ["a.sh": "one\ntwo\nthree\n", "bin/run": "one\ntwo\n"]

    @Test(arguments: [
        ("a.sh: line 2: foo: command not found", ["sh error a.sh 2:1-2:4: foo: command not found"]),
        ("a.sh: 3: Syntax error: \"done\" unexpected", ["sh error a.sh 3:1-3:6: Syntax error: \"done\" unexpected"]),
        ("/src/bin/run: line 1: oops: unbound variable", ["sh error bin/run 1:1-1:4: oops: unbound variable"]),
        // What `-c` ran is no file, and a time is no line.
        ("bash: line 1: foo: command not found", []), ("sh: 1: foo: not found", []), ("12: 30: 07: noon", []),
        ("see a.txt: 3: it is all there", []),
    ])
    func shell(text: String, expected: [String]) {
        #expect(parse(text, command: ["bash", "a.sh"], files: Self.files).briefs == expected)
    }

    /// By content alone only for scripts that exist.
    @Test func otherCommand() {
        let text = "a.sh: line 2: foo: command not found\nb.sh: line 2: foo: command not found\n"
        let output = parse(text, command: ["make"], files: Self.files)
        #expect(output.diagnostics.map(\.path) == ["a.sh"])
        #expect(output.unparsed == "b.sh: line 2: foo: command not found")
    }

    /// The line that bash quotes belongs to the message before it.
    @Test func quotedLine() {
        let output = parse(
            "a.sh: line 2: syntax error near unexpected token `done'\na.sh: line 2: `done'\n", command: ["bash"],
            files: Self.files)
        #expect(output.briefs == ["sh error a.sh 2:1-2:4: syntax error near unexpected token `done'"])
        #expect(output.unparsed == "")
    }
}
