import AgentProtocol
import Diagnostics
import Testing

/// The tools of this machine, on planted faults.
@Suite struct RealToolTests {
    static let faulty = """
        #include <stdio.h>
        int main(void) {
        \tint é = 1; char *p = 5; printf("%d\\n", "s"); return undeclared_fn(é) }
        """

    func read(_ folder: borrowing TemporaryFolder, _ script: String, command: [String]) throws -> ParsedOutput {
        let root = folder.path
        return DiagnosticParsing.parse(
            CheckOutput(
                command: command, stdout: try folder.run(script), stderr: [], workingDirectory: root,
                workspaceRoot: root),
            sourceLine: { path, line in
                guard let bytes = readFile("\(root)/\(path)") else { return nil }
                let lines = String(decoding: bytes, as: UTF8.self).split(
                    separator: "\n", omittingEmptySubsequences: false)
                return lines.indices.contains(line - 1) ? String(lines[line - 1]) : nil
            })
    }

    @Test(.enabled(if: has("gcc")), arguments: ["-fdiagnostics-format=json", "-fdiagnostics-format=text"])
    func gcc(format: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("x.c", Self.faulty)
        let output = try read(folder, "gcc -std=gnu11 -Wall \(format) -c x.c", command: ["gcc", "-c", "x.c"])
        #expect(output.diagnostics.allSatisfy { $0.tool == "gcc" && $0.path == "x.c" })
        // Columns are bytes: the tab is one, é two.
        let places = output.diagnostics.map {
            "\($0.range?.startLine ?? 0):\($0.range?.startColumn ?? 0) \($0.code ?? "-")"
        }
        #expect(places.contains { $0.hasPrefix("3:24 -W") && $0.hasSuffix("int-conversion") })
        #expect(places.contains("3:36 -Wformat="))
        #expect(places.contains { $0.hasPrefix("3:55 -W") && $0.contains("implicit-function-declaration") })
        #expect(
            output.diagnostics.contains {
                $0.severity == .error && $0.message.contains("before ‘}’") || $0.message.contains("before '}'")
            })
        #expect(output.unparsed == "")
    }

    @Test(.enabled(if: has("gcc"))) func textAndJSONOfGCC() throws {
        let folder = try TemporaryFolder()
        try folder.write("x.c", Self.faulty)
        let json = try read(folder, "gcc -Wall -fdiagnostics-format=json -c x.c", command: ["gcc"])
        let text = try read(folder, "gcc -Wall -fdiagnostics-color=always -c x.c", command: ["gcc"])
        #expect(text.diagnostics.map(\.fingerprint) == json.diagnostics.map(\.fingerprint))
        #expect(text.diagnostics.map { $0.range?.startColumn } == json.diagnostics.map { $0.range?.startColumn })
    }

    @Test(.enabled(if: has("gcc"))) func linker() throws {
        let folder = try TemporaryFolder()
        try folder.write("x.c", "void missing_one(void);\nint main(void) { missing_one(); return 0; }\n")
        let output = try read(folder, "gcc -g x.c -o x", command: ["gcc"])
        let error = try #require(output.diagnostics.first { $0.severity == .error })
        #expect(output.diagnostics.count { $0.severity == .error } == 1)
        #expect(error.tool == "ld" && error.path == "x.c" && error.range?.startLine == 2)
        #expect(error.message.hasPrefix("undefined reference to `missing_one'"))
    }

    @Test(.enabled(if: has("make") && has("gcc"))) func makeInAFolder() throws {
        let folder = try TemporaryFolder()
        _ = try folder.run("mkdir sub")
        try folder.write("Makefile", "all:\n\t$(MAKE) -C sub\n")
        try folder.write("sub/Makefile", "all:\n\tgcc -c x.c\n")
        try folder.write("sub/x.c", "int main(void) { return zz; }\n")
        let output = try read(folder, "make", command: ["make"])
        #expect(output.diagnostics.map(\.path) == ["sub/x.c"])
        #expect(output.diagnostics.map { brief($0.range) } == ["1:25-1:27"])
    }

    @Test(.enabled(if: has("swiftc")), arguments: ["swift", "llvm"]) func swiftc(style: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("a.swift", "func other(_ s: String) {}\nlet é = \"é\"; other(1)\nlet x: Int = \"a\"\n")
        let output = try read(folder, "swiftc -diagnostic-style=\(style) -typecheck a.swift", command: ["swiftc"])
        #expect(
            output.briefs == [
                "swiftc error a.swift 2:22-2:23: cannot convert value of type 'Int' to expected argument type 'String'",
                "swiftc error a.swift 3:14-3:\(style == "llvm" ? 17 : 15): "
                    + "cannot convert value of type 'String' to specified type 'Int'",
            ])
        #expect(output.unparsed == "")
    }

    @Test(.enabled(if: has("python3"))) func python() throws {
        let folder = try TemporaryFolder()
        try folder.write("m.py", "def f():\n    return {}['k']\n\nf()\n")
        let output = try read(folder, "python3 m.py", command: ["python3", "m.py"])
        #expect(output.briefs == ["python error m.py 2:5-2:19: KeyError: 'k'"])
        #expect(
            (output.diagnostics.first?.related ?? []).map { brief($0) } == [
                "m.py 4:1-4:4: called from here, in <module>"
            ])
    }
}
