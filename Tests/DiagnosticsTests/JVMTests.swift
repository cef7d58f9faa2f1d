import AgentProtocol
import Diagnostics
import Testing

/// javac, kotlinc, Maven, Gradle.
@Suite struct JVMTests {
    private static let files = [
        "src/main/java/com/acme/Bad.java": "", "src/main/java/com/acme/Worse.java": "",
        "src/main/java/com/acme/Calc.java": "", "src/test/java/com/acme/CalcTest.java": "",
        "src/test/java/com/acme/OtherTest.java": "",
    ]

    private func read(_ name: String, _ command: [String]) -> ParsedOutput {
        parse(stdout: Fixture.bytes(name), command: command, files: Self.files)
    }

    /// Code or severity, file, position and the first line.
    private func errors(_ output: ParsedOutput) -> [String] {
        output.diagnostics.map { diagnostic in
            let file = diagnostic.path.split(separator: "/").last ?? "-"
            let place = diagnostic.range.map { "\($0.startLine):\($0.startColumn)" } ?? "-"
            let message = diagnostic.message.split(separator: "\n").first ?? ""
            return "\(diagnostic.code ?? diagnostic.severity.rawValue) \(file) \(place) \(message)"
        }
    }

    private func values(_ output: ParsedOutput) -> [String] {
        output.diagnostics.compactMap(\.test).map { "\($0.name) | \($0.expected ?? "-") | \($0.actual ?? "-")" }
    }

    private static let javac = [
        "error Bad.java 4:17 cannot find symbol: class Missing",
        "error Bad.java 7:31 incompatible types: String cannot be converted to int",
        "error Bad.java 11:16 cannot find symbol: variable nmae",
        "error Worse.java 5:8 Worse is not abstract and does not override abstract method compareTo(Worse) in Comparable",
        "error Worse.java 6:31 incompatible types: String cannot be converted to int",
        "rawtypes Worse.java 8:24 found raw type: List",
        "unchecked Worse.java 9:16 unchecked call to add(E) as a member of the raw type List",
        "error Worse.java 10:13 method add in class Calc cannot be applied to given types;",
        "error Worse.java 11:9 cannot find symbol: method undefined(int)",
        "error Worse.java 12:16 cannot find symbol: variable nmae",
    ]

    @Test func compiler() {
        let output = read("javac17.txt", ["javac", "-Xlint:all", "Bad.java"])
        #expect(errors(output) == Self.javac)
        #expect(output.diagnostics[0].message == "cannot find symbol: class Missing\nlocation: package java.util")
        #expect(output.unparsed == "")
        // Without the command, the same but for the totals.
        let other = read("javac17.txt", ["sh", "test.sh"])
        #expect(errors(other) == Self.javac)
        #expect(other.unparsed == "")
        #expect(
            errors(read("javac17-syntax.txt", ["javac"])) == ["error Bad.java 10:23 ';' expected"])
    }

    /// In the same places, with keys that no language changes.
    @Test func rawDiagnostics() {
        let output = read("javac17-raw.txt", ["javac", "-XDrawDiagnostics"])
        func place(_ error: String) -> [Substring] { Array(error.split(separator: " ").prefix(3).dropFirst()) }
        #expect(errors(output).map(place) == Self.javac.map(place))
        #expect(output.diagnostics[0].code == "cant.resolve.location")
        #expect(output.diagnostics[5].severity == .warning)
        #expect(output.unparsed == "")
    }

    @Test func compilerWithoutPlace() {
        let output = parse(
            "error: file not found: X.java\nUsage: javac <options> <source files>\n"
                + "WARNING: A terminally deprecated method in java.lang.System has been called\n",
            command: ["javac", "X.java"])
        #expect(output.briefs == ["javac error - -: file not found: X.java"])
        #expect(output.unparsed.contains("WARNING: A terminally deprecated"))
    }

    /// Told twice by Maven, under the compiler's heading and under the goal that failed.
    @Test func mavenCompiles() {
        let output = read("maven3-compile.txt", ["mvn", "-B", "test"])
        let places = errors(output).map { $0.split(separator: " ").prefix(3).joined(separator: " ") }
        #expect(
            places
                == Self.javac.filter { $0.hasPrefix("error") }.map {
                    $0.split(separator: " ").prefix(3).joined(separator: " ")
                })
        #expect(output.diagnostics[0].message == "cannot find symbol: class Missing\nlocation: package java.util")
        #expect(output.unparsed == "")
        #expect(errors(read("maven3-compile.txt", ["make"])) == errors(output))
    }

    private static let tests = [
        "CalcTest.addsTwoNumbers | 3 | -1", "CalcTest.isTrue | - | -", "CalcTest.lists | [one] | [one, two]",
        "CalcTest.comparesText | one\nt[hree] | one\nt[wo]", "CalcTest.throwsIt | - | -", "CalcTest.takesLong | - | -",
        "CalcTest.saysWhy | 3 | -1",
    ]

    @Test func mavenTests() {
        let output = read("maven3-test.txt", ["mvn", "-B", "test"])
        let names = Self.tests.map { "com.acme." + $0.replacing("CalcTest.", with: "CalcTest#") }
        #expect(values(output) == names + ["com.acme.OtherTest | - | -"])
        #expect(output.diagnostics.map(\.range?.startLine) == [11, 26, 36, 21, 31, 41, 16, 8])
        #expect(output.diagnostics.map(\.path).first == "src/test/java/com/acme/CalcTest.java")
        #expect(output.diagnostics[0].test?.stack?.count == 1)
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 8, skipped: 1))
        #expect(output.unparsed == "")
        let clean = read("maven3-clean.txt", ["mvn", "-B", "test"])
        #expect(clean.diagnostics.isEmpty)
        #expect(clean.tests?.counts == TestCounts(passed: 1))
        #expect(clean.unparsed == "")
    }

    /// Surefire 2 names tests of JUnit 5 without their class.
    @Test func jupiter() {
        let output = read("maven3-junit5.txt", ["mvn", "test"])
        #expect(
            values(output) == [
                "com.acme.CalcTest#addsTwoNumbers | 3 | -1", "com.acme.CalcTest#raises | - | -",
                "com.acme.CalcTest#each{int}[1] | 2 | 0", "com.acme.CalcTest#each{int}[2] | 3 | 1",
            ])
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 4, skipped: 1))
        #expect(output.unparsed == "")
    }

    /// Surefire 3 writes the test's name another way; a summary alone names the place.
    @Test func newerSurefire() {
        let output = parse(
            """
            [ERROR] Tests run: 1, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE! -- in com.acme.CalcTest
            [ERROR] com.acme.CalcTest.adds -- Time elapsed: 0.072 s <<< FAILURE!
            org.opentest4j.AssertionFailedError: expected: <3> but was: <-1>
            \tat com.acme.CalcTest.adds(CalcTest.java:11)

            [ERROR] Failures:
            [ERROR]   CalcTest.adds:11 expected: <3> but was: <-1>
            [ERROR]   CalcTest.halves:12->check:40 expected: <2> but was: <1>
            [ERROR] Tests run: 4, Failures: 2, Errors: 0, Skipped: 0
            """, command: ["./mvnw", "verify"], files: Self.files)
        #expect(
            values(output) == ["com.acme.CalcTest#adds | 3 | -1", "CalcTest#halves | 2 | 1"])
        #expect(output.diagnostics.map(\.range?.startLine) == [11, 12])
        #expect(output.tests?.counts == TestCounts(passed: 2, failed: 2))
        #expect(output.unparsed == "")
    }

    @Test func mavenProject() {
        let output = parse(
            stdout: Fixture.bytes("maven3-pom.txt"), command: ["mvn", "test"], files: ["pom.xml": "<project>"])
        #expect(
            errors(output) == [
                "error pom.xml 6:29 'dependencies.dependency.version' for junit:junit:jar is missing."
            ])
        let goal = parse(
            "[ERROR] Failed to execute goal on project calc: Could not resolve dependencies for project a:b -> [Help 1]\n",
            command: ["mvn", "test"])
        #expect(goal.diagnostics.count == 1)
    }

    @Test(arguments: ["gradle4-test.txt", "gradle4-test-full.txt"]) func gradleTests(name: String) {
        let output = read(name, ["./gradlew", "test"])
        let isFull = name.contains("full")
        let names = Self.tests.map { test in
            "com.acme." + (isFull ? test : test.prefix { $0 != " " } + " | - | -")
        }
        #expect(values(output) == names + ["com.acme.OtherTest.classMethod | - | -"])
        #expect(output.diagnostics.map(\.range?.startLine) == [11, 26, 36, 21, isFull ? 11 : 31, 41, 16, 8])
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 8, skipped: 1))
        #expect(output.unparsed.split(separator: "\n").allSatisfy { $0.contains("WARNING: ") })
    }

    @Test func gradleBuilds() {
        let output = read("gradle4-compile.txt", ["gradle", "build"])
        #expect(errors(output) == Self.javac.filter { $0.hasPrefix("error Worse") })
        #expect(output.unparsed == "")
        let clean = read("gradle4-clean.txt", ["gradle", "test"])
        #expect(clean.diagnostics.isEmpty)
        #expect(clean.tests?.counts == TestCounts(passed: 1))
    }

    /// What went wrong with the build itself, and where.
    @Test func gradleFault() {
        let output = read("gradle4-fault.txt", ["gradle", "build"])
        #expect(
            output.briefs == [
                "gradle error build.gradle 3:1-3:1: A problem occurred evaluating root project 'grbad'.\n"
                    + "> Could not find method dependencise() for arguments "
                    + "[build_4f6fi84k4fjcp74987r5v6zlk$_run_closure1@5fde1d64] on root project 'grbad' of type "
                    + "org.gradle.api.Project."
            ])
        #expect(output.unparsed == "")
    }

    @Test func kotlin() {
        let places = ["5:22", "13:16", "18:20", "3:18", "4:13", "4:12"]
        for (name, command) in [("kotlinc13.txt", "kotlinc"), ("kotlin13-gradle.txt", "gradle")] {
            let output = read(name, [command])
            #expect(errors(output).map { String($0.split(separator: " ")[2]) } == places, "\(name)")
            #expect(output.diagnostics.allSatisfy { $0.tool == "kotlinc" && $0.severity == .error })
            #expect(output.unparsed == "", "\(name)")
        }
        let new = parse(
            "e: file:///src/Calc.kt:5:22 Unresolved reference 'x'.\nw: file:///src/Calc.kt:18:9 'f(): Unit' is deprecated.\n",
            command: ["make"])
        #expect(
            new.briefs == [
                "kotlinc error Calc.kt 5:22-5:22: Unresolved reference 'x'.",
                "kotlinc warning Calc.kt 18:9-18:9: 'f(): Unit' is deprecated.",
            ])
        #expect(new.diagnostics[1].tags == [.deprecated])
    }
}
