import Diagnostics
import Testing

@Suite struct LinkerAndMakeTests {
    @Test func gnuLinker() {
        let output = parse(stderr: Fixture.bytes("ld.txt"), command: ["gcc", "l.c"], root: "/src/c")
        #expect(
            output.briefs == [
                "ld warning - -: relocation against `g' in read-only section `.text'",
                "ld error l.c -: undefined reference to `undefined_one' (in function `q')",
                "ld error l.c -: undefined reference to `g' (in function `q')",
                "ld warning - -: creating DT_TEXTREL in a PIE",
            ])
        #expect(output.unparsed == "")
        #expect(output.parsersUsed == ["ld"])
    }

    @Test func withDebugInformationTheLineIsKnown() {
        let output = parse(stderr: Fixture.bytes("ld-debug.txt"), command: ["make"], root: "/src/c")
        #expect(
            output.briefs[1] == "ld error l.c 2:1-2:1: undefined reference to `undefined_one' (in function `q')")
    }

    @Test func lld() {
        let output = parse(stderr: Fixture.bytes("lld.txt"), command: ["clang", "l.c"], root: "/src/c")
        #expect(
            output.briefs == ["ld error l.c -: undefined symbol: undefined_one", "ld error l.c -: undefined symbol: g"])
        #expect(output.unparsed == "")
    }

    @Test func gold() {
        let output = parse(stderr: Fixture.bytes("gold.txt"), command: ["clang", "l.c"], root: "/src/c")
        #expect(
            output.briefs == [
                "ld error l.c -: undefined reference to 'undefined_one' (in function ‘q’)",
                "ld error l.c -: undefined reference to 'g' (in function ‘q’)",
            ])
    }

    /// Names of temporary objects differ in every run; a fingerprint must not.
    @Test func temporaryObjectsAreLeftOut() {
        func run(_ object: String) -> ParsedOutput {
            parse(
                """
                /usr/bin/ld: /tmp/\(object).o: in function `main':
                l2.c:(.text+0x0): multiple definition of `main'; /tmp/\(object)2.o:l.c:(.text+0x11): first defined here
                /usr/bin/ld: cannot find -lnosuch: No such file or directory
                collect2: error: ld returned 1 exit status
                """, files: ["src/l2.c": "int main"])
        }
        #expect(
            run("ccXzg7sZ").briefs == [
                "ld error src/l2.c -: multiple definition of `main'; l.c:(.text+0x11): first defined here"
                    + " (in function `main')",
                "ld error - -: cannot find -lnosuch: No such file or directory",
            ])
        #expect(run("ccXzg7sZ").diagnostics == run("ccqqqqqq").diagnostics)
    }

    @Test func aLinkerThatOnlySaysThatItFailed() {
        let output = parse("collect2: error: ld returned 1 exit status\n")
        #expect(output.briefs == ["gcc error - -: ld returned 1 exit status"])
    }

    @Test func makefileFaults() {
        let output = parse(
            """
            Makefile:3: *** missing separator.  Stop.
            make: *** No rule to make target 'x', needed by 'y'.  Stop.
            """, command: ["make"])
        #expect(
            output.briefs == [
                "make error Makefile 3:1-3:1: missing separator.",
                "make error - -: No rule to make target 'x', needed by 'y'.",
            ])
    }

    /// A recipe's failure is only told when nothing explains it.
    /// A recipe that fails without a word of a tool is all that tells of the fault.
    @Test func silentRecipe() {
        let text = """
            make[1]: Entering directory '/src/lib'
            a.c:1:2: error: bad
            make[1]: *** [Makefile:3: a.o] Error 1
            make[1]: *** [Makefile:7: made] Error 1
            make[1]: Leaving directory '/src/lib'
            make: *** [Makefile:2: lib] Error 2
            """
        let output = parse(text, command: ["make", "-k"], files: ["lib/a.c": "x", "lib/Makefile": "x"])
        #expect(output.diagnostics.map(\.message) == ["bad", "[Makefile:7: made] Error 1"])
        #expect(output.diagnostics.map(\.path) == ["lib/a.c", "lib/Makefile"])
    }

    @Test func failedRecipe() {
        let alone = parse("./t: wrong\nmake: *** [Makefile:2: test] Error 1\n", command: ["make", "test"])
        #expect(alone.briefs == ["make error Makefile 2:1-2:1: [Makefile:2: test] Error 1"])
        #expect(alone.unparsed == "./t: wrong")
        let explained = parse("a.c:1:1: error: x\nmake: *** [Makefile:2: all] Error 1\n", command: ["make"])
        #expect(explained.briefs == ["gcc error a.c 1:1-1:1: x"])
    }

    /// The streams are recorded apart: the directory is named on one, the errors stand on the other.
    @Test func directoriesAcrossStreams() {
        let files = ["sub/b.c": "#include \"a.h\"\n", "sub/a.h": "struct S { int x; };\n", "b2.c": ""]
        let output = parse(
            stdout: Fixture.bytes("make-sub.stdout.txt"), stderr: Fixture.bytes("make-sub.stderr.txt"),
            command: ["make"], root: "/src/mk", files: files)
        #expect(output.diagnostics.map(\.path) == ["sub/a.h", "sub/b.c", "sub/b.c", "sub/b.c", "sub/b.c"])
    }

    @Test func directoryStack() {
        let output = parse(
            """
            x.c:1:1: error: one
            make[1]: Entering directory '/src/a'
            x.c:1:1: error: two
            make[2]: Entering directory '/src/a/b'
            make[2]: Entering directory '/src/c'
            ../x.c:1:1: error: three
            make[2]: Leaving directory '/src/a/b'
            x.c:1:1: error: four
            make[2]: Leaving directory '/src/c'
            ./y/../x.c:2:1: error: five
            make[1]: Leaving directory '/src/a'
            ninja: Entering directory `out'
            ../x.c:3:1: error: six
            """)
        #expect(output.diagnostics.map(\.path) == ["x.c", "a/x.c", "x.c", "c/x.c", "a/x.c", "x.c"])
        #expect(output.unparsed == "")
    }

    @Test func makeThatRunsACompilerAndTests() {
        let compiler = Fixture.bytes("make-gcc.txt")
        let tests = Fixture.bytes("pytest-run.txt")
        let output = parse(
            stdout: tests + Fixture.bytes("swift-build-errors.txt"), stderr: compiler, command: ["make", "-k"],
            root: "/src")
        #expect(output.parsersUsed == ["pytest", "swift", "gcc"])
        #expect(output.diagnostics.count { $0.tool == "pytest" } == 3)
        #expect(output.diagnostics.count { $0.tool == "swiftc" } == 6)
        #expect(output.diagnostics.count { $0.tool == "gcc" } == 8)
    }
}
