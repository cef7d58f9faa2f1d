import AgentProtocol
import Diagnostics
import Testing

@Suite struct RustTests {
    private static let files = [
        "src/lib.rs": """
        use std::collections::HashMap;
        pub fn f(a: i32) -> String { a }
        pub fn g(v: Vec<i32>) -> usize { let w = v; v.len() }
        """
    ]

    @Test func text() {
        let output = parse(
            stderr: Fixture.bytes("cargo-build.txt"), command: ["cargo", "build"], root: "/src/rs", files: Self.files)
        #expect(
            output.briefs == [
                "rustc warning [unused_imports] src/lib.rs 1:5-1:30: unused import: `std::collections::HashMap`",
                "rustc error [E0308] src/lib.rs 2:30-2:31: mismatched types: expected `String`, found `i32`",
                "rustc error [E0382] src/lib.rs 3:45-3:46: borrow of moved value: `v`: value borrowed here after move",
                "rustc warning [unused_variables] src/lib.rs 3:38-3:39: unused variable: `w`: "
                    + "help: if this is intentional, prefix it with an underscore: `_w`",
            ])
        #expect(output.unparsed == "")
        #expect(output.diagnostics[0].tags == [.unnecessary])
        #expect(output.diagnostics[1].codeURL == "https://doc.rust-lang.org/error_codes/E0308.html")
    }

    @Test func json() {
        let output = parse(
            stdout: Fixture.bytes("cargo-build.jsonl"), stderr: Fixture.bytes("cargo-build.stderr.txt"),
            command: ["cargo", "build", "--message-format=json"], root: "/src/rs", files: Self.files)
        #expect(output.diagnostics.count == 4)
        #expect(output.diagnostics.map(\.code) == ["unused_imports", "E0308", "E0382", "unused_variables"])
        let mended = output.diagnostics[0].fixes?.first
        #expect(mended?.title == "remove the whole `use` item")
        #expect(
            mended?.edits.first?.range == TextRange(startLine: 1, startColumn: 1, endLine: 2, endColumn: 1))
        #expect(output.unparsed == "")
    }

    @Test func tests() {
        let output = parse(
            stdout: Fixture.bytes("cargo-test.txt"), command: ["cargo", "test"], root: "/src/rs")
        let failed = output.diagnostics.filter { $0.severity == .error }
        #expect(failed.map(\.test?.name) == ["tests::np", "tests::bad"])
        #expect(failed.last.map { brief($0.range) } == "5:82-5:82")
        #expect(failed.last?.test?.expected == "2")
        #expect(failed.last?.test?.actual == "1")
        #expect(failed.last?.message.hasPrefix("tests::bad: assertion `left == right` failed: msg") == true)
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 2, skipped: 1))
        #expect(output.tests?.outcomes["tests::ig"] == .skipped)
    }
}
