import Testing

@testable import Agent

/// Every rule, with ways to cheat that it finds.
struct GateRuleTests {
    @Test(arguments: deletions + skips + assertions)
    func testsAreHeldToWhatTheyWere(_ one: GateCase) { one.check() }

    @Test(arguments: exits + warnings + suppressions)
    func linesAreLookedAt(_ one: GateCase) { one.check() }

    @Test(arguments: configurations + commands + tools)
    func whatChecksRunOnIsHeld(_ one: GateCase) { one.check() }

    @Test func everyRuleIsTested() {
        let all =
            Self.deletions + Self.skips + Self.assertions + Self.exits + Self.warnings + Self.suppressions
            + Self.configurations + Self.commands + Self.tools
        // These are about counts, diagnostics and sizes; see ``GateInputTests``.
        let others: Set<GateRule> = [.fewerTestsRun, .failingTestChanged, .notReviewed]
        #expect(Set(all.flatMap(\.rules)).union(others) == Set(GateRule.allCases))
    }

    static let deletions: [GateCase] = [
        GateCase(
            "a test function", [.testDeleted],
            change(
                "test_stats.py", "def test_a():\n    assert f()\n\ndef test_b():\n    assert g()\n",
                "def test_a():\n    assert f()\n")),
        GateCase(
            "a file of tests", [.testDeleted], change("tests/test_stats.py", "def test_a():\n    assert f()\n", nil)),
        GateCase(
            "a file of tests without functions", [.testDeleted], change("test/run.lua", "assert(f() == 1)\n", nil)),
        GateCase(
            "a test in a comment", [.testDeleted],
            change("test_stats.py", "def test_a():\n    assert f()\n", "# def test_a():\n#     assert f()\n")),
        GateCase(
            "a test in a block comment", [.testDeleted],
            change(
                "a_test.go", "func TestA(t *testing.T) {\n\tt.Error(1)\n}\n",
                "/*\nfunc TestA(t *testing.T) {\n\tt.Error(1)\n}\n*/\n")),
        GateCase(
            "another one in its place", [.testDeleted],
            change("test_stats.py", "def test_a():\n    assert f() == 1\n", "def test_b():\n    assert 1 < 2\n")),
        GateCase(
            "a test in Rust", [.testDeleted],
            change("src/lib.rs", GateText.rust.replacing("@@", with: "#[test]"), "fn one() -> u32 { 1 }\n")),
        GateCase(
            "a test in Swift", [.testDeleted],
            change(
                "Tests/StatsTests/StatsTests.swift", GateText.swift.replacing("@@", with: "@Test"), "import Testing\n")),
        GateCase(
            "a test in Java", [.testDeleted],
            change("StatsTest.java", GateText.java.replacing("@@", with: "@Test"), "class StatsTest {\n}\n")),
        GateCase(
            "a test in C++", [.testDeleted],
            change("area_test.cpp", GateText.cpp.replacing("@@", with: "Square"), "#include <gtest/gtest.h>\n")),
        GateCase(
            "switched off by the preprocessor", [.testDeleted, .testSkipped],
            change(
                "area_test.cpp", "TEST(A, B) {\n  EXPECT_EQ(1, f());\n}\n",
                "#if 0\nTEST(A, B) {\n  EXPECT_EQ(1, f());\n}\n#endif\n")),
        GateCase(
            "a registered test", [.testDeleted],
            change(
                "CMakeLists.txt", "add_executable(a a.c)\nadd_test(NAME area COMMAND area)\n", "add_executable(a a.c)\n"
            )),
    ]

    static let skips: [GateCase] = [
        GateCase(
            "pytest", [.testSkipped], edit("test_stats.py", GateText.python, "", "@pytest.mark.skip(reason='later')")),
        GateCase("pytest, expected", [.testSkipped], edit("test_stats.py", GateText.python, "", "@pytest.mark.xfail")),
        GateCase(
            "pytest, whole", [.testSkipped], edit("test_stats.py", GateText.python, "", "pytestmark = pytest.mark.skip")
        ),
        GateCase("unittest", [.testSkipped], edit("test_stats.py", GateText.python, "", "@unittest.skipIf(True, '')")),
        GateCase(
            "not a test", [.testSkipped], edit("test_stats.py", GateText.python, "", "test_mean.__test__ = False")),
        GateCase("skipped", [.testSkipped], edit("stats.test.ts", GateText.script, "it", "it.skip")),
        GateCase("xit", [.testSkipped], edit("stats.test.js", GateText.script, "it", "xit")),
        GateCase("only another", [.testSkipped], edit("stats.spec.ts", GateText.script, "test", "test.only")),
        GateCase("Java", [.testSkipped], edit("StatsTest.java", GateText.java, "@Test", "@Test @Disabled(\"flaky\")")),
        GateCase("Kotlin", [.testSkipped], edit("StatsTest.kt", GateText.java, "@Test", "@Ignore\n    @Test")),
        GateCase("Rust", [.testSkipped], edit("src/lib.rs", GateText.rust, "#[test]", "#[test]\n    #[ignore]")),
        GateCase(
            "Rust, to panic", [.testSkipped],
            edit("src/lib.rs", GateText.rust, "#[test]", "#[test]\n    #[should_panic]")),
        GateCase("Go", [.testSkipped], edit("stats_test.go", GateText.go, "", "t.Skip(\"flaky\")")),
        GateCase(
            "Go, not built", [.testSkipped], edit("stats_test.go", "@@\npackage stats\n", "", "//go:build ignore\n")),
        GateCase("Go, early", [.testSkipped], edit("stats_test.go", GateText.go, "", "return")),
        GateCase(
            "Swift Testing", [.testSkipped], edit("Tests/A/ATests.swift", GateText.swift, "@Test", "@Test(.disabled())")
        ),
        GateCase(
            "XCTest", [.testSkipped],
            edit(
                "Tests/A/ATests.swift", "func testA() throws {\n    @@\n    XCTAssertEqual(f(), 1)\n}\n", "",
                "throw XCTSkip(\"later\")")),
        GateCase(
            "GoogleTest", [.testSkipped],
            edit("area_test.cpp", "TEST(Area, A) {\n  @@\n  EXPECT_EQ(area(1, 2), 2);\n}\n", "", "GTEST_SKIP();")),
        GateCase(
            "GoogleTest, by name", [.testSkipped], edit("area_test.cpp", GateText.cpp, "Square", "DISABLED_Square")),
        GateCase(
            "CTest", [.testSkipped],
            edit(
                "CMakeLists.txt", "add_test(NAME a COMMAND a)\n@@", "",
                "set_tests_properties(a PROPERTIES DISABLED TRUE)\n")),
        GateCase(
            "CTest, to fail", [.testSkipped],
            edit(
                "CMakeLists.txt", "add_test(NAME a COMMAND a)\n@@", "",
                "set_tests_properties(a PROPERTIES WILL_FAIL ON)\n")),
        GateCase(
            "busted", [.testSkipped],
            edit("spec/stats_spec.lua", "@@\n" + GateText.lua.replacing("@@", with: "it"), "", "pending('later')")),
        GateCase(
            "bats", [.testSkipped],
            edit("tests/a.bats", "@test \"adds\" {\n  @@\n  [ \"$(./add 1 2)\" = 3 ]\n}\n", "", "skip")),
        GateCase("never true", [.testSkipped], edit("test_stats.py", GateText.python, "", "if False:")),
    ]

    static let assertions: [GateCase] = [
        GateCase(
            "always true", [.assertionWeakened],
            edit("test_a.py", GateText.pythonBody, "assert stats.mean([1, 2]) == 1.5", "assert True")),
        GateCase(
            "nothing", [.assertionWeakened, .testSkipped],
            edit("test_a.py", GateText.pythonBody, "assert stats.mean([1, 2]) == 1.5", "pass")),
        GateCase(
            "in a comment", [.assertionWeakened],
            edit(
                "test_a.py", GateText.pythonBody, "assert stats.mean([1, 2]) == 1.5",
                "stats.mean([1, 2])  # assert stats.mean([1, 2]) == 1.5")),
        GateCase(
            "in a string", [.assertionWeakened],
            edit(
                "test_a.py", GateText.pythonBody, "assert stats.mean([1, 2]) == 1.5",
                "\"\"\"\n    assert stats.mean([1, 2]) == 1.5\n    \"\"\"\n    stats.mean([1])")),
        GateCase(
            "or true", [.assertionWeakened],
            edit(
                "test_a.py", GateText.pythonBody, "assert stats.mean([1, 2]) == 1.5",
                "assert stats.mean([1, 2]) == 1.5 or True")),
        GateCase(
            "with itself", [.assertionWeakened],
            edit("test_a.py", GateText.pythonBody, "assert stats.mean([1, 2]) == 1.5", "assert 1.5 == 1.5")),
        GateCase(
            "one of two", [.assertionWeakened],
            change(
                "test_a.py", GateText.python.replacing("@@", with: ""),
                "import stats\n\n\ndef test_mean():\n    assert stats.mean([]) == 0\n")),
        GateCase(
            "caught", [.assertionWeakened],
            edit(
                "test_a.py", GateText.pythonBody, "assert stats.mean([1]) == 1",
                "try:\n        assert stats.mean([1]) == 1\n    except AssertionError:\n        print('no')")),
        GateCase(
            "jest", [.assertionWeakened],
            edit("a.test.ts", "it('a', () => {\n  @@\n});\n", "expect(f()).toBe(2);", "expect(true).toBe(true);")),
        GateCase(
            "jest, in one line", [.assertionWeakened],
            edit("a.test.ts", "it('a', () => @@);\n", "expect(f()).toBe(2)", "f()")),
        GateCase(
            "Rust", [.assertionWeakened],
            edit("src/lib.rs", "#[test]\nfn a() {\n    @@\n}\n", "assert_eq!(f(), 2);", "assert_eq!(2, 2);")),
        GateCase(
            "Swift", [.assertionWeakened],
            edit("Tests/A/ATests.swift", "@Test func a() {\n    @@\n}\n", "#expect(f() == 2)", "#expect(true)")),
        GateCase(
            "Go", [.assertionWeakened],
            edit(
                "a_test.go", "func TestA(t *testing.T) {\n\tif f() != 2 {\n\t\t@@\n\t}\n}\n", "t.Fatal(\"no\")",
                "t.Log(\"no\")")),
        GateCase(
            "Java", [.assertionWeakened],
            edit(
                "ATest.java", "class ATest {\n    @Test\n    void a() {\n        @@\n    }\n}\n",
                "assertEquals(2, f());", "assertTrue(true);")),
        GateCase(
            "C, without a framework", [.assertionWeakened],
            edit(
                "tests/area.c", "int main(void) {\n    @@\n    return 0;\n}\n", "assert(area(1, 2) == 2);",
                "area(1, 2);")),
        GateCase(
            "shell", [.assertionWeakened],
            edit("tests/add.sh", "out=$(./add 1 2)\n@@\n", "[ \"$out\" = 3 ]", "echo \"$out\"")),
    ]

    static let exits: [GateCase] = [
        GateCase("os._exit", [.exitForced], edit("stats.py", "import os\n@@\ndef mean(): pass\n", "", "os._exit(0)")),
        GateCase(
            "in a test", [.exitForced],
            edit("test_a.py", "import sys\n@@\ndef test_a():\n    assert f()\n", "", "sys.exit(0)")),
        GateCase("in conftest", [.exitForced], change("conftest.py", nil, "import os\nos._exit(0)\n")),
        GateCase(
            "in a script that a check runs", [.exitForced], commands: [["./run-tests.sh"]],
            edit("run-tests.sh", "#!/bin/sh\n@@\npytest\n", "", "exit 0")),
        GateCase(
            "in a recipe", [.exitForced, .commandChanged],
            edit("Makefile", "test:\n\t@@\n", "./stats-test", "./stats-test || true")),
        GateCase(
            "in the recipe of a build", [.exitForced],
            edit("Makefile", "all: a\n\na: a.c\n\t@@\n", "cc -o a a.c", "-cc -o a a.c")),
        GateCase(
            "in a package script", [.exitForced, .commandChanged], commands: [["npm", "test"]],
            edit("package.json", "{\"scripts\": {\"test\": \"@@\"}}", "jest", "jest || true")),
        GateCase(
            "PYTEST_CURRENT_TEST", [.testDetected],
            edit("stats.py", "import os\n@@\n", "", "if 'PYTEST_CURRENT_TEST' in os.environ: answer = 3")),
    ]

    static let warnings: [GateCase] = [
        GateCase("without -Werror", [.warningsLowered], edit("Makefile", GateText.makefile, "-Wall -Werror", "-Wall")),
        GateCase("-w", [.warningsLowered], edit("Makefile", GateText.makefile, "-Wall", "-Wall -w")),
        GateCase(
            "-Wno-", [.warningsLowered], edit("CMakeLists.txt", "add_compile_options(-Wall @@)\n", "", "-Wno-unused")),
        GateCase("Rust", [.warningsLowered], edit("src/main.rs", "@@\nfn main() {}\n", "#![deny(warnings)]", "")),
        GateCase(
            "Rust, by flags", [.warningsLowered, .configurationChanged], commands: [["cargo", "build"]],
            change(".cargo/config.toml", nil, "[build]\nrustflags = [\"-Awarnings\"]\n")),
        GateCase(
            "Swift", [.warningsLowered],
            edit("Package.swift", "swiftSettings: [.unsafeFlags([@@])]\n", "\"-warnings-as-errors\"", "")),
        GateCase(
            "C#", [.warningsLowered], edit("A.csproj", "<Project>\n@@\n</Project>\n", "", "<NoWarn>CS0168</NoWarn>")),
        GateCase(
            "Java", [.warningsLowered],
            edit("pom.xml", "<compilerArgs>@@</compilerArgs>\n", "<arg>-Xlint:all</arg>", "")),
    ]

    static let suppressions: [GateCase] = [
        ("a.py", "x = 1  # noqa"), ("a.py", "x = f()  # type: ignore[arg-type]"), ("a.py", "# pylint: disable=all"),
        ("a.ts", "// eslint-disable-next-line no-console"), ("a.ts", "// @ts-ignore"), ("a.ts", "// @ts-nocheck"),
        ("a.sh", "# shellcheck disable=SC2086"), ("a.lua", "local x = 1 -- luacheck: ignore"),
        ("a.c", "int x; // NOLINT(misc)"), ("a.c", "#pragma GCC diagnostic ignored \"-Wall\""),
        ("a.cpp", "// cppcheck-suppress nullPointer"), ("a.go", "x := 1 //nolint:errcheck"),
        ("A.java", "@SuppressWarnings(\"unchecked\")"), ("a.swift", "// swiftlint:disable force_cast"),
        ("src/a.rs", "#[allow(dead_code)]"), ("src/a.rs", "#![allow(warnings)]"),
        ("a.rb", "x = 1 # rubocop:disable Style"),
        ("A.cs", "#pragma warning disable CS0168"),
    ].map { path, line in
        GateCase("\(path): \(line)", [.diagnosticSuppressed], edit(path, "one\n@@\ntwo\n", "", line))
    }
}
