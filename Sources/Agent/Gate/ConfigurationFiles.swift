/// Which files configure tools that checks run.
struct ConfigurationFile: Sendable {
    enum Scope: Sendable {
        case whole
        /// Sections of a TOML or INI file whose name begins so.
        case sections([String])
        /// Members at the top of a JSON object.
        case members([String])
    }

    /// Any of these heeds it.
    let tools: [String]
    let scope: Scope

    init(_ tools: [String], _ scope: Scope = .whole) {
        self.tools = tools
        self.scope = scope
    }

    init?(path: String) {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if let known = Self.names[name] {
            self = known
            return
        }
        guard let found = Self.patterns.first(where: { $0.matches(name) }) else {
            if path.hasPrefix(".cargo/") || path.contains("/.cargo/") {
                self = ConfigurationFile(["cargo"])
                return
            }
            return nil
        }
        self = found.file
    }

    private struct Pattern: Sendable {
        var prefix: String
        var suffix: String
        var file: ConfigurationFile

        func matches(_ name: String) -> Bool { name.hasPrefix(prefix) && name.hasSuffix(suffix) }
    }

    private static let pythonTools = [
        "bandit", "coverage", "flake8", "mypy", "pylint", "pyright", "pytest", "ruff", "tox",
    ]

    private static let names: [String: ConfigurationFile] = [
        ".cofferdam.yaml": ConfigurationFile(["cofferdam"]),
        "pytest.ini": ConfigurationFile(["pytest"]), ".pytest.ini": ConfigurationFile(["pytest"]),
        "tox.ini": ConfigurationFile(pythonTools), "noxfile.py": ConfigurationFile(["tox"]),
        "setup.cfg": ConfigurationFile(
            pythonTools,
            .sections(["tool:pytest", "flake8", "mypy", "pylint", "pycodestyle", "coverage", "ruff", "tox", "pytest"])),
        "pyproject.toml": ConfigurationFile(
            pythonTools,
            .sections([
                "tool.pytest", "tool.ruff", "tool.mypy", "tool.pyright", "tool.basedpyright", "tool.pylint",
                "tool.coverage",
                "tool.flake8", "tool.bandit", "tool.tox", "tool.nox", "tool.poe", "tool.hatch.envs", "tool.pdm.scripts",
                "tool.taskipy",
            ])),
        ".flake8": ConfigurationFile(["flake8"]), "mypy.ini": ConfigurationFile(["mypy"]),
        ".mypy.ini": ConfigurationFile(["mypy"]), "pyrightconfig.json": ConfigurationFile(["pyright"]),
        "ruff.toml": ConfigurationFile(["ruff"]), ".ruff.toml": ConfigurationFile(["ruff"]),
        ".pylintrc": ConfigurationFile(["pylint"]), "pylintrc": ConfigurationFile(["pylint"]),
        ".coveragerc": ConfigurationFile(["coverage", "pytest"]), ".bandit": ConfigurationFile(["bandit"]),
        ".shellcheckrc": ConfigurationFile(["shellcheck"]), "shellcheckrc": ConfigurationFile(["shellcheck"]),
        ".luacheckrc": ConfigurationFile(["luacheck"]), ".busted": ConfigurationFile(["busted"]),
        "selene.toml": ConfigurationFile(["selene"]), ".luarc.json": ConfigurationFile(["lua-language-server"]),
        ".clang-tidy": ConfigurationFile(["clang-tidy"]), "ctestcustom.cmake": ConfigurationFile(["ctest"]),
        "clippy.toml": ConfigurationFile(["clippy"]), ".clippy.toml": ConfigurationFile(["clippy"]),
        "cargo.toml": ConfigurationFile(["cargo", "clippy", "rustc"], .sections(["lints", "workspace.lints"])),
        "nextest.toml": ConfigurationFile(["cargo"]),
        ".eslintignore": ConfigurationFile(["eslint"]), "biome.json": ConfigurationFile(["biome"]),
        "biome.jsonc": ConfigurationFile(["biome"]), "deno.json": ConfigurationFile(["deno"]),
        "package.json": ConfigurationFile(
            ["jest", "eslint", "mocha", "coverage", "ava", "xo"],
            .members(["jest", "eslintConfig", "eslintIgnore", "mocha", "ava", "xo", "standard", "nyc", "c8", "vitest"])),
        ".swiftlint.yml": ConfigurationFile(["swiftlint"]), ".swiftlint.yaml": ConfigurationFile(["swiftlint"]),
        ".swift-format": ConfigurationFile(["swift-format"]), ".rubocop.yml": ConfigurationFile(["rubocop"]),
        ".rubocop_todo.yml": ConfigurationFile(["rubocop"]), ".rspec": ConfigurationFile(["rspec"]),
        "detekt.yml": ConfigurationFile(["detekt"]), ".npmrc": ConfigurationFile(["npm"]),
        "xunit.runner.json": ConfigurationFile(["msbuild"]), ".perlcriticrc": ConfigurationFile(["perlcritic"]),
        "maven.config": ConfigurationFile(["maven"]), "gradle.properties": ConfigurationFile(["gradle"]),
        ".yamllint": ConfigurationFile(["yamllint"]), ".hadolint.yaml": ConfigurationFile(["hadolint"]),
        "junit-platform.properties": ConfigurationFile(["javac", "maven", "gradle"]),
    ]

    private static let patterns: [Pattern] = [
        Pattern(prefix: "tsconfig", suffix: ".json", file: ConfigurationFile(["tsc"])),
        Pattern(prefix: ".eslintrc", suffix: "", file: ConfigurationFile(["eslint"])),
        Pattern(prefix: "eslint.config.", suffix: "", file: ConfigurationFile(["eslint"])),
        Pattern(prefix: "jest.config.", suffix: "", file: ConfigurationFile(["jest"])),
        Pattern(prefix: "jest.setup", suffix: "", file: ConfigurationFile(["jest"])),
        Pattern(prefix: "vitest.config.", suffix: "", file: ConfigurationFile(["vitest"])),
        Pattern(prefix: "vitest.workspace.", suffix: "", file: ConfigurationFile(["vitest"])),
        Pattern(prefix: ".mocharc", suffix: "", file: ConfigurationFile(["mocha"])),
        Pattern(prefix: "karma.conf.", suffix: "", file: ConfigurationFile(["karma"])),
        Pattern(prefix: "playwright.config.", suffix: "", file: ConfigurationFile(["playwright"])),
        Pattern(prefix: "cypress.config.", suffix: "", file: ConfigurationFile(["cypress"])),
        Pattern(prefix: "ava.config.", suffix: "", file: ConfigurationFile(["ava"])),
        Pattern(prefix: ".nycrc", suffix: "", file: ConfigurationFile(["coverage"])),
        Pattern(prefix: ".golangci.", suffix: "", file: ConfigurationFile(["golangci-lint"])),
        Pattern(prefix: "checkstyle", suffix: ".xml", file: ConfigurationFile(["checkstyle"])),
        Pattern(prefix: "pmd", suffix: ".xml", file: ConfigurationFile(["pmd"])),
        Pattern(prefix: "spotbugs", suffix: ".xml", file: ConfigurationFile(["spotbugs"])),
        Pattern(prefix: "testng", suffix: ".xml", file: ConfigurationFile(["javac", "maven", "gradle"])),
        Pattern(prefix: "phpunit.xml", suffix: "", file: ConfigurationFile(["phpunit"])),
        Pattern(prefix: "phpstan.neon", suffix: "", file: ConfigurationFile(["phpstan"])),
        Pattern(prefix: "psalm.xml", suffix: "", file: ConfigurationFile(["psalm"])),
        Pattern(prefix: "", suffix: ".runsettings", file: ConfigurationFile(["msbuild"])),
        Pattern(prefix: "", suffix: ".ruleset", file: ConfigurationFile(["msbuild"])),
        Pattern(prefix: "cppcheck", suffix: ".txt", file: ConfigurationFile(["cppcheck"])),
        Pattern(prefix: "", suffix: "suppressions.txt", file: ConfigurationFile(["cppcheck"])),
    ]

    /// In build files whose other contents are none of the gate's business: what lets tests fail unseen.
    static func buildMarkers(_ path: String) -> [Needle] {
        switch path.split(separator: "/").last.map({ $0.lowercased() }) ?? "" {
        case "pom.xml":
            [
                "<skiptests>true", "<maven.test.skip>true", "<skip>true", "<testfailureignore>true", "<excludedgroups>",
                "<exclude>", "<failonviolation>false", "<failsonerror>false", "<haltonfailure>false", "skipitests>true",
                "<failonerror>false", "<failifnotests>false",
            ]
        case "build.gradle", "build.gradle.kts":
            [
                "ignorefailures", "enabled=false", "excludetestsmatching", "exclude", "failonnodiscoveredtests=false",
                "isfailonnomatchingtests=false", "failonnomatchingtests=false", "onlyif", "setignorefailures(true",
                "isignorefailures=true", "excludetags", "abortonerror",
            ]
        case "cargo.toml":
            ["test=false", "doctest=false", "harness=false", "autotests=false", "rustc-wrapper", "runner="]
        case "package.swift": ["exclude:"]
        case "build.xml": ["haltonfailure=\"no\"", "haltonfailure=\"false\"", "failonerror=\"false\""]
        default: []
        }
    }
}
