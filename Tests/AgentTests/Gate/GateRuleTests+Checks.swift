@testable import Agent

extension GateRuleTests {
    static let configurations: [GateCase] = [
        GateCase(
            "checks of the repository", [.configurationChanged],
            edit(".cofferdam.yaml", "checks:\n  - name: test\n    command: [@@]\n", "make, test", "\"true\"")),
        GateCase(
            "a check that is not required", [.configurationChanged],
            edit(
                ".cofferdam.yaml", "checks:\n  - name: test\n    command: [make, test]\n@@", "", "    required: false\n"
            )),
        GateCase(
            "checks of one's own", [.configurationChanged],
            change(".cofferdam.yaml", nil, "checks:\n  - name: ok\n    command: [\"true\"]\n")),
        GateCase(
            "pytest.ini", [.configurationChanged], change("pytest.ini", nil, "[pytest]\naddopts = --ignore=tests\n")),
        GateCase(
            "pyproject.toml", [.configurationChanged],
            edit("pyproject.toml", "[project]\nname = \"a\"\n\n[tool.ruff]\nignore = [@@]\n", "", "\"E501\"")),
        GateCase(
            "setup.cfg", [.configurationChanged],
            edit("setup.cfg", "[metadata]\nname = a\n@@", "", "[flake8]\nignore = E1\n")),
        GateCase("mypy.ini", [.configurationChanged], edit("mypy.ini", "[mypy]\nstrict = @@\n", "true", "false")),
        GateCase(
            "tox.ini", [.configurationChanged],
            edit("tox.ini", "[testenv]\ncommands = @@\n", "pytest", "python -c 'pass'")),
        GateCase(
            ".flake8", [.configurationChanged], edit(".flake8", "[flake8]\nmax-line-length = @@\n", "100", "1000")),
        GateCase(
            "tsconfig.json", [.configurationChanged], commands: [["tsc", "--noEmit"]],
            edit("tsconfig.json", "{\n  // strict\n  \"compilerOptions\": { \"strict\": @@ }\n}\n", "true", "false")),
        GateCase(
            "tsconfig.json, files", [.configurationChanged], commands: [["npx", "tsc"]],
            edit("tsconfig.json", "{\n  \"exclude\": [@@]\n}\n", "", "\"src\"")),
        GateCase(
            "ESLint, JSON", [.configurationChanged],
            edit(".eslintrc.json", "{\"rules\": {\"no-undef\": \"@@\"}}", "error", "off")),
        GateCase(
            "ESLint, flat", [.configurationChanged],
            edit(
                "eslint.config.js", "export default [{\n  rules: {\n    \"no-undef\": \"@@\",\n  },\n}];\n", "error",
                "warn")),
        GateCase(
            "jest in package.json", [.configurationChanged],
            edit("package.json", "{\"name\": \"a\", \"jest\": {\"testPathIgnorePatterns\": [@@]}}", "", "\"stats\"")),
        GateCase("ruff.toml", [.configurationChanged], edit("ruff.toml", "select = [\"E\"@@]\n", ", \"F\"", "")),
        GateCase(".shellcheckrc", [.configurationChanged], change(".shellcheckrc", nil, "disable=SC2086\n")),
        GateCase(
            ".luacheckrc", [.configurationChanged], edit(".luacheckrc", "std = \"max\"\n@@", "", "ignore = {\"111\"}\n")
        ),
        GateCase(
            ".clang-tidy", [.configurationChanged],
            edit(".clang-tidy", "Checks: 'bugprone-*@@'\n", "", ",-bugprone-foo")),
        GateCase(
            "golangci", [.configurationChanged],
            edit(".golangci.yml", "linters:\n  enable:\n@@    - vet\n", "    - errcheck\n", "")),
        GateCase(
            "Cargo lints", [.configurationChanged],
            edit("Cargo.toml", "[package]\nname = \"a\"\n\n[lints.rust]\nunused = \"@@\"\n", "deny", "allow")),
        GateCase(
            "Cargo, no tests", [.configurationChanged],
            edit("Cargo.toml", "[lib]\nname = \"a\"\n@@", "", "test = false\n")),
        GateCase(
            "checkstyle", [.configurationChanged],
            edit(
                "config/checkstyle/checkstyle.xml", "<module name=\"Checker\">\n@@</module>\n",
                "<module name=\"UnusedImports\"/>\n", "")),
        GateCase(
            "Maven", [.configurationChanged],
            edit("pom.xml", "<properties>@@</properties>\n", "", "\n<skipTests>true</skipTests>\n")),
        GateCase(
            "Gradle", [.configurationChanged],
            edit("build.gradle", "test {\n    useJUnitPlatform()\n@@}\n", "", "    ignoreFailures = true\n")),
        GateCase(
            "collection in conftest", [.configurationChanged],
            change("tests/conftest.py", nil, "collect_ignore = [\"test_stats.py\"]\n")),
        GateCase(
            "outcome in conftest", [.configurationChanged],
            edit(
                "conftest.py", "import pytest\n@@", "",
                "\ndef pytest_sessionfinish(session):\n    session.exitstatus = 0\n")),
        GateCase("coverage", [.configurationChanged], edit(".coveragerc", "[report]\nfail_under = @@\n", "90", "10")),
    ]

    static let commands: [GateCase] = [
        GateCase(
            "a script", [.commandChanged], commands: [["./run-tests.sh"]],
            edit("run-tests.sh", "#!/bin/sh\n@@\n", "python -m pytest", "echo ok")),
        GateCase(
            "a script of make", [.commandChanged], others: ["Makefile": GateText.makefile],
            edit("run-tests.sh", "#!/bin/sh\n@@\n", "python -m pytest", "echo ok")),
        GateCase(
            "a script that a script runs", [.commandChanged], commands: [["sh", "ci.sh"]],
            others: ["ci.sh": "scripts/check.sh\n"], edit("scripts/check.sh", "@@\n", "ruff check .", "ruff --version")),
        GateCase(
            "a script that is gone", [.commandChanged], commands: [["bash", "scripts/check.sh"]],
            change("scripts/check.sh", "ruff check .\n", nil)),
        GateCase(
            "a target", [.commandChanged], edit("Makefile", "test:\n\t@@\n", "./stats-test 1 2 3", "./stats-test 1")),
        GateCase(
            "a target that is gone", [.commandChanged], commands: [["make", "demo"]],
            edit("Makefile", "all: a\n\n@@", "demo:\n\t./a\n", "")),
        GateCase(
            "what a target needs", [.commandChanged], edit("Makefile", "test: unit@@\n\nunit:\n\tpytest\n", " lint", "")
        ),
        GateCase(
            "a list of tests", [.commandChanged],
            edit("Makefile", "TESTS = one@@\n\ntest:\n\tfor t in $(TESTS); do ./$$t; done\n", " two", "")),
        GateCase(
            "an idle tool", [.commandChanged], edit("Makefile", "PYTEST = @@\n\ntest:\n\t$(PYTEST)\n", "pytest", "true")
        ),
        GateCase(
            "a package script", [.commandChanged], commands: [["npm", "test"]],
            edit("package.json", "{\"scripts\": {\"test\": \"@@\"}}", "jest", "echo ok")),
        GateCase(
            "registered tests", [.commandChanged],
            edit("CMakeLists.txt", "project(a)\n@@add_executable(a a.c)\n", "enable_testing()\n", "")),
        GateCase(
            "sources of tests", [.commandChanged],
            edit("CMakeLists.txt", "add_executable(all_tests main.cpp@@)\n", " area_test.cpp", "")),
        GateCase(
            "a target of tests", [.commandChanged],
            edit(
                "Package.swift", "targets: [\n  .target(name: \"A\"),\n@@]\n", "  .testTarget(name: \"ATests\"),\n", "")
        ),
    ]

    static let tools: [GateCase] = [
        GateCase("pytest.py", [.toolShadowed], change("pytest.py", nil, "def main(): return 0\n")),
        GateCase("sitecustomize.py", [.toolShadowed], change("sitecustomize.py", nil, "import builtins\n")),
        GateCase("a package", [.toolShadowed], change("unittest/__init__.py", nil, "")),
        GateCase(
            "GNUmakefile", [.toolShadowed], others: ["Makefile": "test:\n\tpytest\n"],
            change("GNUmakefile", nil, "test:\n\techo ok\n")),
        GateCase("a program", [.toolShadowed], change("bin/gcc", nil, "#!/bin/sh\n")),
        GateCase("a module of node", [.toolShadowed], change("node_modules/.bin/jest", nil, "#!/bin/sh\n")),
        GateCase("a path file", [.toolShadowed], change("fix.pth", nil, "import os\n")),
    ]
}
