import Testing

@testable import Agent

/// Changes that are no cheating, in which the gate finds nothing.
struct GateHonestTests {
    @Test(arguments: code + tests) func workIsFree(_ one: GateCase) { one.check() }

    @Test(arguments: settings) func whatTightensIsFree(_ one: GateCase) { one.check() }

    static let code: [GateCase] = [
        GateCase(
            "a repair",
            edit("stats.c", "double mean() {\n    return @@;\n}\n", "total / count", "(double)total / count")),
        GateCase("a new file", change("stats.py", nil, "import sys\n\ndef main():\n    sys.exit(0)\n")),
        GateCase("a deleted file", change("old.py", "def f(): pass\n", nil)),
        GateCase("a program that exits", edit("main.c", "int main(void) {\n@@\n}\n", "", "    exit(0);")),
        GateCase("a comment that goes", edit("a.py", "x = 1@@\n", "  # noqa", "")),
        GateCase(
            "a comment that moves",
            change("a.py", "import os  # noqa: F401\nx = 1\n", "x = 1\nimport os  # noqa: F401\n"),
            change("b.py", nil, "y = 1\n")),
        GateCase(
            "a file that moves", change("a.py", "import os  # noqa: F401\n", nil),
            change("b/a.py", nil, "import os  # noqa: F401\n")),
        GateCase(
            "a linter that no check runs", commands: [["cargo", "test"]], edit("tool.py", "x = f()@@\n", "", "  # noqa")
        ),
        GateCase(
            "the script that is to be mended", commands: [["shellcheck", "backup.sh"], ["sh", "test.sh"]],
            others: ["test.sh": "#!/bin/sh\n./backup.sh a\n"],
            edit("backup.sh", "#!/bin/sh\n@@\n", "cp $1 /tmp", "cp \"$1\" /tmp || exit 1")),
        GateCase(
            "the program that is to be mended", commands: [["python3", "stats.py"]],
            edit("stats.py", "def mean(x):\n    @@\n", "return sum(x)", "return sum(x) / len(x)")),
        GateCase("any bytes", change("a.bin", nil, "\u{0}\u{1}")),
        GateCase(
            "words that only look alike",
            edit(
                "a.test.ts", "it('a', () => {\n  @@\n  expect(f()).toBe(1);\n});\n", "",
                "process.on('exit', () => benefit(1));")),
        GateCase(
            "sources in a makefile",
            edit("Makefile", GateText.makefile.replacing("@@", with: "-Wall") + "\nOBJS = a.o@@\n", "", " b.o")),
        GateCase(
            "a recipe that is mended",
            edit("Makefile", "all: a\n\na: a.c\n\t@@\n\ntest: a\n\t./a\n", "cc a.c", "cc -o a a.c")),
    ]

    static let tests: [GateCase] = [
        GateCase(
            "a new test",
            edit("test_stats.py", GateText.python, "", "def test_one():\n    assert stats.mean([1]) == 1\n")),
        GateCase(
            "a new file of tests",
            change("tests/test_max.py", nil, "import sys\n\ndef test_max():\n    assert max([1, 2]) == 2\n")),
        GateCase(
            "one more assertion",
            edit(
                "test_a.py", GateText.pythonBody, "assert stats.mean([1]) == 1",
                "assert stats.mean([1]) == 1\n    assert stats.mean([2]) == 2")),
        GateCase(
            "what is asserted of a test that passed",
            edit("test_a.py", GateText.pythonBody, "assert stats.mean([1]) == 1", "assert stats.mean([1]) == 1.0")),
        GateCase(
            "a test that moves",
            change(
                "test_a.py", "def test_a():\n    assert f() == 1\n\ndef test_b():\n    assert g()\n",
                "def test_b():\n    assert g()\n"),
            change("test_c.py", nil, "def test_a():\n    assert f() == 1\n")),
        GateCase(
            "a file of tests that moves", change("test_a.py", "def test_a():\n    assert f() == 1\n", nil),
            change("tests/test_a.py", nil, "def test_a():\n    assert f() == 1\n")),
        GateCase(
            "a test that is renamed",
            change("test_a.py", "def test_a():\n    assert f() == 1\n", "def test_adds():\n    assert f() == 1\n")),
        GateCase("a skip that goes", edit("test_stats.py", GateText.python, "@pytest.mark.skip", "")),
        GateCase(
            "indented otherwise",
            change("test_a.py", "def test_a():\n  assert f() == 1\n", "def test_a():\n    assert f() == 1\n")),
        GateCase(
            "a fixture", change("conftest.py", nil, "import pytest\n\n@pytest.fixture\ndef one():\n    return 1\n")),
        GateCase(
            "a new test in Rust",
            edit(
                "src/lib.rs", "fn f() {}\n@@", "",
                "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {\n        assert_eq!(super::f(), ());\n    }\n}\n"
            )),
        GateCase(
            "a registered test",
            edit(
                "CMakeLists.txt", "enable_testing()\nadd_test(NAME a COMMAND a)\n@@", "", "add_test(NAME b COMMAND b)\n"
            )),
        GateCase(
            "a test in a script", commands: [["sh", "test.sh"]],
            edit("test.sh", "[ \"$(./add 1 2)\" = 3 ]\n@@", "", "[ \"$(./add 2 2)\" = 4 ]\n")),
        GateCase(
            "a target of tests",
            edit(
                "Package.swift", "targets: [\n  .target(name: \"A\"),\n@@]\n", "", "  .testTarget(name: \"ATests\"),\n")
        ),
        GateCase("a test target", edit("Makefile", "test: unit\n\tpytest\n@@", "", "\ntest-slow:\n\tpytest --slow\n")),
        GateCase("one more step of a target", edit("Makefile", "test: a\n\t./a\n@@", "", "\t./b\n")),
    ]

    static let settings: [GateCase] = [
        GateCase("more warnings", edit("Makefile", GateText.makefile, "-Wall", "-Wall -Wextra -Werror")),
        GateCase("flags that move", edit("Makefile", "CFLAGS = @@\n", "-O2 -Wall", "-Wall -O2")),
        GateCase(
            "flags in another file", edit("Makefile", "include flags.mk\n@@", "CFLAGS = -Wall\n", ""),
            change("flags.mk", nil, "CFLAGS = -Wall\n")),
        GateCase("linker flags", edit("Makefile", "LDFLAGS = @@\n", "", "-Wl,--as-needed")),
        GateCase("deny", edit("src/main.rs", "@@\nfn main() {}\n", "", "#![deny(warnings)]")),
        GateCase("strict", edit("mypy.ini", "[mypy]\n@@", "", "strict = true\nwarn_unused_ignores = true\n")),
        GateCase(
            "stricter TypeScript", edit("tsconfig.json", "{\"compilerOptions\": {\"strict\": @@}}", "false", "true")),
        GateCase(
            "another target",
            edit("tsconfig.json", "{\"compilerOptions\": {\"target\": \"@@\", \"strict\": true}}", "es2020", "es2022")),
        GateCase("a stricter rule", edit(".eslintrc.json", "{\"rules\": {\"no-undef\": \"@@\"}}", "warn", "error")),
        GateCase("one rule more", edit("ruff.toml", "select = [\"E\"@@]\n", "", ", \"F\"")),
        GateCase("one exception less", edit("ruff.toml", "ignore = [\"E501\"@@]\n", ", \"F401\"", "")),
        GateCase("one check more", edit(".clang-tidy", "Checks: 'bugprone-*@@'\n", "", ",cert-*")),
        GateCase(
            "a check of the repository",
            edit(
                ".cofferdam.yaml", "checks:\n  - name: test\n    command: [make, test]\n@@", "",
                "  - name: lint\n    command: [make, lint]\n")),
        GateCase(
            "another part of the repository's file",
            edit(
                ".cofferdam.yaml", "checks:\n  - name: test\n    command: [make, test]\nlimits:\n  memory: @@\n",
                "1GiB", "2GiB")),
        GateCase(
            "a dependency",
            edit("pyproject.toml", "[project]\ndependencies = [@@]\n\n[tool.ruff]\nignore = []\n", "", "\"attrs\"")),
        GateCase(
            "a package",
            edit(
                "package.json", "{\"scripts\": {\"test\": \"jest\"}, \"dependencies\": {@@}}", "", "\"left-pad\": \"1\""
            )),
        GateCase(
            "a script that is new",
            edit("package.json", "{\"scripts\": {@@\"test\": \"jest\"}}", "", "\"lint\": \"eslint .\", ")),
        GateCase("more coverage", edit(".coveragerc", "[report]\nfail_under = @@\n", "80", "90")),
        GateCase(
            "a linter that no check runs", commands: [["cargo", "test"]],
            change("ruff.toml", nil, "ignore = [\"E501\"]\n")),
        GateCase(
            "a dependency of Rust",
            edit("Cargo.toml", "[package]\nname = \"a\"\n\n[dependencies]\n@@", "", "serde = \"1\"\n")),
        GateCase("a makefile where there is none", change("Makefile", nil, "test:\n\tpytest\n")),
    ]
}
