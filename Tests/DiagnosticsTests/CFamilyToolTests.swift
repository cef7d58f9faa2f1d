import AgentProtocol
import Diagnostics
import Testing

/// cppcheck, clang-tidy, CMake.
@Suite struct CFamilyToolTests {
    @Test(arguments: ["cppcheck.txt", "cppcheck.xml"]) func cppcheck(name: String) {
        let output = parse(stderr: Fixture.bytes(name), command: ["cppcheck", "--enable=all", "t.c"])
        #expect(
            output.briefs == [
                "cppcheck error [arrayIndexOutOfBounds] t.c 6:4-6:4: Array 'a[3]' accessed at index 3, which is out of bounds.",
                "cppcheck information [knownConditionTrueFalse] t.c 7:9-7:9: Condition 'n=1' is always true",
                "cppcheck error [memleak] t.c 7:14-7:14: Memory leak: p",
                "cppcheck error [memleak] t.c 10:3-10:3: Memory leak: p",
                "cppcheck error [nullPointer] t.c 9:4-9:4: Null pointer dereference: q",
                "cppcheck information [unreadVariable] t.c 4:11-4:11: Variable 'p' is assigned a value that is never used.",
                "cppcheck information [unreadVariable] t.c 7:9-7:9: Variable 'n' is assigned a value that is never used.",
                "cppcheck information [unusedAllocatedMemory] t.c 4:13-4:13: Variable 'p' is allocated memory that is never used.",
                "cppcheck information [unusedFunction] t.c 3:1-3:1: The function 'f' is never used.",
            ])
        #expect(
            output.diagnostics[4].related?.first.map { brief($0) }
                == "t.c 8:12-8:12: Assignment 'q=NULL', assigned value is 0")
        #expect(output.unparsed == "")
        #expect(parse(stderr: Fixture.bytes(name)).briefs == output.briefs)
    }

    @Test func clangTidy() {
        let output = parse(stdout: Fixture.bytes("clang-tidy14.txt"), command: ["clang-tidy", "t.c"])
        #expect(output.diagnostics.count == 12)
        #expect(output.diagnostics.allSatisfy { $0.tool == "clang-tidy" && $0.path == "t.c" && $0.codeURL != nil })
        #expect(
            output.briefs.last
                == "clang-tidy warning [cert-err34-c] t.c 9:8-9:8: 'atoi' used to convert a string to an "
                + "integer value, but function will not report conversion errors; consider using 'strtol' instead")
        #expect(
            output.diagnostics.last?.codeURL == "https://clang.llvm.org/extra/clang-tidy/checks/cert/err34-c.html")
        #expect(output.diagnostics[1].tags == [.unnecessary])
        #expect(output.diagnostics[4].related?.map { brief($0) } == ["t.c 4:13-4:13: Memory is allocated"])
        #expect(output.unparsed == "")
        #expect(parse(stdout: Fixture.bytes("clang-tidy14.txt")).briefs == output.briefs)
    }

    @Test func cmake() {
        let output = parse(
            stderr: Fixture.bytes("cmake-errors.txt"), command: ["cmake", "-S", ".", "-B", "build"],
            files: ["CMakeLists.txt": String(repeating: "x(y)\n", count: 20)])
        #expect(
            output.diagnostics.map { "\($0.severity) \($0.range?.startLine ?? 0) \($0.message.prefix { $0 != "\n" })" }
                == [
                    "warning 1 Compatibility with CMake < 2.8.12 will be removed from a future version of",
                    "warning 6 old option used", "warning 7 for developers only", "warning 8 deprecated thing",
                    "error 4 no such thing: alpha", "error 12 include could not find requested file:",
                    "error 13 By not providing \"FindNoSuchPackage.cmake\" in CMAKE_MODULE_PATH this",
                ])
        #expect(output.diagnostics[4].message == "no such thing: alpha\n\n  second line of the text")
        #expect(
            output.diagnostics[4].related?.map { brief($0) } == ["CMakeLists.txt 9:1-9:5: called from here, check_it"])
        #expect(output.diagnostics[3].tags == [.deprecated])
        #expect(output.unparsed.split(separator: "\n").allSatisfy { $0.hasPrefix("-- ") })
        // Started elsewhere, by make perhaps.
        let parsed = parse(stderr: Fixture.bytes("cmake-parse.txt"), files: ["lib/CMakeLists.txt": "a\nbc\n"])
        #expect(
            parsed.briefs == [
                "cmake error lib/CMakeLists.txt 2:1-2:3: Parse error.  Function missing ending \")\".  End of file reached."
            ])
    }

    @Test func optionsHavePages() {
        func first(_ text: String, _ program: String) -> Diagnostic? {
            parse(text, command: [program, "-c", "a.c"]).diagnostics.first
        }
        let unused = "a.c:1:2: warning: unused variable ‘x’ [-Wunused-variable]"
        #expect(
            first(unused, "gcc")?.codeURL
                == "https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html#index-Wunused-variable")
        #expect(
            first(unused, "clang")?.codeURL == "https://clang.llvm.org/docs/DiagnosticsReference.html#wunused-variable")
        #expect(first(unused, "gcc")?.tags == [.unnecessary])
        #expect(first("a.c:1:2: error: old [-Werror=deprecated-declarations]", "gcc")?.tags == [.deprecated])
        #expect(first("a.c:1:2: error: bad", "gcc")?.codeURL == nil)
    }

    /// Outputs of runs that found nothing.
    @Test(arguments: Fixture.names.filter { $0.contains("-clean") }) func cleanRuns(name: String) {
        #expect(parse(stdout: Fixture.bytes(name)).diagnostics.isEmpty)
    }
}
