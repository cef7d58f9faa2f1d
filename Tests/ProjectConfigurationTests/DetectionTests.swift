import ProjectConfiguration
import Testing

@Suite struct DetectionTests {
    func detect(_ files: [String: String?]) -> [DetectedCheck] {
        // A folder is there by what is in it.
        let paths = files.map { name, text in text == nil ? "\(name)/x" : name }
        return ProjectConfigurationLoader.detectChecks(files: paths) { name in
            (files[name] ?? nil).map { Array($0.utf8) }
        }
    }

    /// The commands of the checks detected for files by name; nil contents: a folder.
    func names(_ files: [String: String?]) -> [String] {
        detect(files).map { $0.definition.command.joined(separator: " ") }
    }

    @Test func swift() {
        #expect(names(["Package.swift": "", "Sources": nil]) == ["swift build"])
        #expect(names(["Package.swift": "", "Tests": nil, "Makefile": "deploy:\n"]) == ["swift build", "swift test"])
    }

    @Test(arguments: [
        ("// swift-tools-version: 6.2\n", true), ("// swift-tools-version:6.3.1\n", true),
        ("// swift-tools-version: 10\n", true), ("// swift-tools-version: 6.1\n", false),
        ("// swift-tools-version:5.9\n", false), ("\n// swift-tools-version: 6.2\n", true),
        ("// swift-tools-version: x\n", false), ("import PackageDescription\n", false),
    ]) func swiftEvents(manifest: String, hasEvents: Bool) {
        let events = " --event-stream-output-path $COFFERDAM_REPORTS/events.jsonl"
        #expect(names(["Package.swift": manifest, "Tests": nil]).last == "swift test" + (hasEvents ? events : ""))
    }

    @Test func cargoAndGo() {
        #expect(names(["Cargo.toml": ""]) == ["cargo build", "cargo test"])
        #expect(names(["go.mod": ""]) == ["go build ./...", "go vet ./...", "go test ./..."])
    }

    @Test func make() {
        #expect(names(["Makefile": "all:\n\tcc x.c\n"]) == ["make"])
        #expect(names(["makefile": "all: x\ncheck clean: all\n\tx\n"]) == ["make", "make check"])
        #expect(names(["GNUmakefile": "test::\n", "Makefile": "check:\n"]) == ["make", "make test"])
        #expect(names(["Makefile": "test := 1\ncheck ::= 2\n# test:\n\ttest:\nA=check: x\n"]) == ["make"])
        #expect(names(["Makefile": "test:\n", "package.json": "{}"]) == [])
    }

    @Test func python() {
        let pytest = ["python3 -m pytest -q --junitxml=$COFFERDAM_REPORTS/pytest.xml"]
        #expect(names(["pytest.ini": "", "x": ""]) == pytest)
        #expect(names(["pyproject.toml": "", "tests": nil]) == pytest)
        #expect(names(["pyproject.toml": "[tool.pytest.ini_options]\n"]) == pytest)
        #expect(names(["pyproject.toml": "[project]\n"]) == [])
        #expect(names(["setup.cfg": "[tool:pytest]\n"]) == pytest)
        #expect(names(["a.py": "", "test_a.py": ""]) == pytest)
        #expect(names(["a.c": "", "tests": nil]) == [])
        #expect(names(["Makefile": "all:\n", "conftest.py": ""]) == pytest + ["make"])
        let linted = detect(["test_a.py": "", "pyproject.toml": "[tool.ruff]\n"])
        #expect(linted.map(\.definition.name) == ["pytest", "ruff"])
        #expect(linted.map(\.definition.required) == [true, false])
        #expect(linted.map(\.program) == [nil, "ruff"])
    }

    @Test func node() {
        let test = ["npm test --silent"]
        #expect(names(["package.json": #"{"scripts": {"test": "node --test"}}"#]) == test)
        #expect(names(["package.json": #"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#]) == [])
        #expect(names(["package.json": #"{"scripts": {"build": "x"}}"#]) == [])
        #expect(names(["package.json": "not json"]) == [])
        #expect(names(["package.json": nil]) == [])
    }

    @Test func typescript() {
        #expect(names(["tsconfig.json": ""]) == ["tsc --noEmit --pretty false"])
        let own = detect([
            "tsconfig.json": "",
            "package.json": #"{"devDependencies": {"typescript": "5"}, "scripts": {"test": "node --test"}}"#,
        ])
        #expect(own.map(\.definition.name) == ["tsc", "npm test"])
        #expect(own.map(\.program) == ["./node_modules/.bin/tsc", nil])
    }

    @Test func cmake() {
        let build = ["cmake -S . -B build", "cmake --build build"]
        #expect(names(["CMakeLists.txt": "project(x)"]) == build)
        #expect(
            names(["CMakeLists.txt": "Enable_Testing ( )", "Makefile": ""])
                == build + ["ctest --test-dir build --output-on-failure"])
    }

    @Test func java() throws {
        #expect(names(["pom.xml": "", "src/A.java": ""]) == ["mvn -B -ntp test"])
        #expect(names(["pom.xml": "", "mvnw": ""]) == ["./mvnw -B -ntp test"])
        #expect(detect(["pom.xml": ""])[0].definition.reports == ["**/target/surefire-reports/TEST-*.xml"])
        #expect(names(["build.gradle.kts": ""]) == ["gradle --console=plain test"])
        #expect(names(["settings.gradle": "", "gradlew": ""]) == ["./gradlew --console=plain test"])
        let plain = detect(["src/A.java": "", "README.md": ""])
        #expect(plain.map(\.definition.name) == ["javac"])
        #expect(plain.map(\.program) == ["javac"])
        #expect(names(["A.java": "", "build.xml": ""]) == [])
    }

    @Test func shell() throws {
        let found = detect(["a.sh": "", "tools/b.sh": "", "test.sh": "#!/bin/bash\n", ".git/x.sh": "", "a b/c.sh": ""])
        #expect(found.map(\.definition.name) == ["bash -n", "test.sh", "shellcheck"])
        #expect(found.map(\.definition.required) == [true, true, false])
        #expect(found[0].definition.command.last?.contains("for file in ./*.sh ./tools/*.sh; do") == true)
        #expect(found[1].definition.command == ["bash", "test.sh"])
        #expect(found[2].definition.command.last == "shellcheck -f gcc -- ./*.sh ./tools/*.sh")
        let bats = detect(["a.sh": "", "test/a.bats": ""])
        #expect(bats.map(\.program) == ["bash", "bats", "shellcheck"])
        // Scripts beside something else are not what the repository is about.
        #expect(names(["go.mod": "", "a.sh": ""]).count == 3)
        #expect(names(["build.xml": "", "a.sh": ""]) == [])
        #expect(detect(["go.mod": "", "a.sh": "", ".shellcheckrc": ""]).last?.definition.name == "shellcheck")
    }

    @Test func lua() {
        let found = detect(["a.lua": "", "spec/a_spec.lua": ""])
        #expect(found.map(\.definition.name) == ["luac", "busted", "luacheck"])
        #expect(found.map(\.program) == ["luac", "busted", "luacheck"])
        #expect(found.map(\.definition.required) == [true, true, false])
        #expect(
            detect(["a.lua": "", "Makefile": "all:\n", ".luacheckrc": ""]).map(\.definition.name) == [
                "make", "luacheck",
            ])
    }

    @Test func severalAndNone() {
        #expect(names(["go.mod": "", "Cargo.toml": "", "README.md": ""]).count == 5)
        #expect(names([:]) == [])
        let checks = detect(["Cargo.toml": ""]).map(\.definition)
        #expect(
            checks.allSatisfy { $0.required && $0.parser == nil && $0.when == .afterEdit && $0.timeoutSeconds == 600 })
        #expect(checks.allSatisfy { $0.origin == .detected })
        #expect(Set(checks.map(\.name)).count == checks.count)
    }

    @Test func hostileNames() {
        // Names go into a shell's text only when they are plain.
        let found = detect(["$(reboot)/a.sh": "", "-n/a.sh": "", "x;y/a.sh": "", "ok.d/a.sh": "", "\u{1F600}/a.sh": ""])
        #expect(found.first?.definition.command.last?.contains("in ./ok.d/*.sh; do") == true)
        #expect(!found.map(\.definition.command).joined().contains { $0.contains("reboot") || $0.contains("x;y") })
    }
}
