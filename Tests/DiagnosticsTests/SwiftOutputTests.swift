import AgentProtocol
import Diagnostics
import Testing

@Suite struct SwiftOutputTests {
    static let errors = [
        "swiftc error Sources/App/Bad.swift 3:14-3:14: cannot convert value of type 'String' to specified type 'Int'",
        "swiftc error Sources/App/Bad.swift 4:19-4:19: cannot find type 'Undefined' in scope",
        "swiftc error Sources/App/Bad.swift 2:37-2:37: cannot convert return expression of type 'Int' to return type"
            + " 'String'",
        "swiftc error Sources/App/Bad.swift 6:27-6:27: cannot convert value of type 'String' to expected argument type"
            + " 'Int'",
        "swiftc error Sources/App/Bad.swift 6:33-6:33: cannot find 'unknown' in scope",
        "swiftc error Sources/App/Bad.swift 6:12-6:12: 'async' call in a function that does not support concurrency",
    ]

    /// The build prints the errors of module emission and of compilation; each counts once.
    @Test(arguments: ["swift-build-errors.txt", "swiftc-swift.txt"]) func ownStyle(name: String) {
        let output = parse(stdout: Fixture.bytes(name), command: ["swift", "build"], root: "/src/sw")
        #expect(output.briefs == Self.errors)
        #expect(
            output.diagnostics.last
                == Diagnostic(
                    tool: "swiftc", severity: .error,
                    message: "'async' call in a function that does not support concurrency",
                    path: "Sources/App/Bad.swift",
                    range: TextRange(startLine: 6, startColumn: 12, endLine: 6, endColumn: 12),
                    related: [
                        RelatedLocation(
                            path: "Sources/App/Bad.swift",
                            range: TextRange(startLine: 6, startColumn: 6, endLine: 6, endColumn: 6),
                            message: "add 'async' to function 'h()' to make it asynchronous")
                    ], fingerprint: "f732163ed9e7e302"))
        #expect(output.unparsed == "")
    }

    @Test func bothStylesAgree() {
        let own = parse(stdout: Fixture.bytes("swiftc-swift.txt"), command: ["swiftc"], root: "/src/sw")
        let llvm = parse(stdout: Fixture.bytes("swiftc-llvm.txt"), command: ["swiftc"], root: "/src/sw")
        #expect(llvm.diagnostics.map(\.fingerprint) == own.diagnostics.map(\.fingerprint))
        #expect(llvm.diagnostics.map(\.related) == own.diagnostics.map(\.related))
        #expect(brief(llvm.diagnostics[1].range) == "4:19-4:28")
        #expect(llvm.unparsed == "")
    }

    @Test func notesOfOtherFilesAndBoxes() {
        let output = parse(stdout: Fixture.bytes("swiftc-notes.txt"), command: ["swiftc"], root: "/src/sw")
        #expect(
            output.briefs == [
                "swiftc error A.swift 2:39-2:39: invalid redeclaration of 'go()'",
                "swiftc error A.swift 4:7-4:7: type 'K' does not conform to protocol 'P'",
                "swiftc error A.swift 3:38-3:38: incorrect argument label in call (have 'b:', expected 'a:')",
                "swiftc error A.swift 3:63-3:63: no exact matches in call to global function 'other'",
            ])
        #expect(
            output.diagnostics.map { ($0.related ?? []).map { brief($0) } } == [
                ["A.swift 2:24-2:24: 'go()' previously declared here"],
                [
                    "A.swift 4:7-4:7: add stubs for conformance",
                    "B.swift 2:19-2:19: protocol requires function 'need()' with type '() -> ()'",
                    "B.swift 2:33-2:33: protocol requires function 'need2()' with type '() -> ()'",
                ],
                [],
                [
                    "B.swift 1:6-1:6: candidate expects value of type 'String' for parameter #1 (got 'Int')",
                    "B.swift 3:6-3:6: candidate expects value of type 'Bool' for parameter #1 (got 'Int')",
                ],
            ])
        #expect(output.unparsed == "")
    }

    @Test func tests() {
        let files = ["Tests/AppTests/T.swift": "", "Sources/App/App.swift": "public struct Counter"]
        let output = parse(
            stdout: Fixture.bytes("swift-test.txt"), command: ["swift", "test"], root: "/src/sw", files: files)
        #expect(
            output.briefs == [
                "swiftc warning [no-usage] Sources/App/App.swift 1:22-1:22: initialization of immutable value 'unused'"
                    + " was never used; consider replacing with assignment to '_' or removing it",
                "swiftc warning [DeprecatedDeclaration] Sources/App/App.swift 3:49-3:49: 'inc()' is deprecated: use add",
                "xctest error Tests/AppTests/T.swift 6:1-6:1: XT.testFail: XCTAssertEqual failed: (\"1\") is not equal"
                    + " to (\"2\") - old should be 2",
                "xctest error - -: XT.testThrow: threw error \"Error Domain=d Code=3 \"(null)\"\"",
                "swift-testing error Tests/AppTests/T.swift 13:56-13:56: req(): Expectation failed: v → nil",
                "swift-testing error Tests/AppTests/T.swift 12:61-12:61: \"named fail\" (x → 1): "
                    + "Expectation failed: (x → 1) == 2",
            ])
        #expect(
            output.diagnostics[1].codeURL
                == "https://docs.swift.org/compiler/documentation/diagnostics/deprecated-declaration")
        #expect(output.diagnostics[0].codeURL == nil)
        #expect(output.unparsed == "")
    }

    /// Swift Testing names a file by its last component; a file of another folder must not be blamed.
    @Test func ambiguousTestFile() {
        let files = ["Tests/A/T.swift": "", "Tests/B/T.swift": ""]
        let output = parse(
            stdout: Fixture.bytes("swift-test-parallel.txt"), command: ["swift", "test", "--parallel"], root: "/src/sw",
            files: files)
        #expect(output.diagnostics.count == 4)
        #expect(
            output.briefs.last == "swift-testing error - -: req(): Expectation failed: v → nil (at T.swift:13)")
        #expect(output.unparsed == "")
    }

    @Test func swiftTestingDetails() {
        let output = parse(
            """
            ✘ Test sum() recorded an issue at T.swift:3:5: Expectation failed: a == b
            ↳ the sums differ
            ↳ by one
            ⚠︎ Test slow() recorded a warning at T.swift:9:5: takes long
            ✘ Test lost() recorded an issue: Caught error: oops
            App/App.swift:2: Fatal error: Index out of range
            """, command: ["swift", "test"], files: ["T.swift": "", "Sources/App/App.swift": "\nlet a = b[9]"])
        #expect(
            output.briefs == [
                "swift-testing error T.swift 3:5-3:5: sum(): Expectation failed: a == b\nthe sums differ\nby one",
                "swift-testing warning T.swift 9:5-9:5: slow(): takes long",
                "swift-testing error - -: lost(): Caught error: oops",
                "swift error Sources/App/App.swift 2:1-2:13: Fatal error: Index out of range",
            ])
        #expect(output.unparsed == "")
    }

    @Test func packageManagerErrors() {
        let output = parse(
            """
            error: 'app': Source files for target App should be located under 'Sources/App'
            warning: 'app': found 1 file(s) which are unhandled
            <unknown>:0: error: error opening input file 'nosuch.swift' (No such file or directory)
            error: fatalError
            error: emit-module command failed with exit code 1 (use -v to see invocation)
            """, command: ["swift", "build"])
        #expect(
            output.briefs == [
                "swiftc error - -: 'app': Source files for target App should be located under 'Sources/App'",
                "swiftc warning - -: 'app': found 1 file(s) which are unhandled",
                "swiftc error - -: error opening input file 'nosuch.swift' (No such file or directory)",
            ])
        let alone = parse("error: emit-module command failed with exit code 1\n", command: ["swift", "build"])
        #expect(alone.briefs == ["swiftc error - -: emit-module command failed with exit code 1"])
    }

    @Test func linkFailure() {
        let output = parse(
            """
            error: link command failed with exit code 1 (use -v to see invocation)
            /tmp/TemporaryDirectory.tVzWOp/L-1.o:L-1.o:function main: error: undefined reference to 'nosuchfn'
            clang: error: linker command failed with exit code 1 (use -v to see invocation)
            """, command: ["swift", "build"])
        #expect(output.briefs == ["ld error - -: undefined reference to 'nosuchfn' (in function ‘main’)"])
    }

    @Test func columnsOfBoxesAreBytes() {
        let output = parse(
            """
            A.swift:1:20: error: bad
            1 | let é = "éé"; foo(bar)
              |               |   `- note: here
              |               `- error: bad

            """, command: ["swiftc"])
        #expect((output.diagnostics.first?.related ?? []).map { brief($0) } == ["A.swift 1:22-1:22: here"])
    }
}
