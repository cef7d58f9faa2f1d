import ProjectConfiguration
import Testing

@Suite struct DetectionTests {
    /// Names of the checks detected for files by name; nil contents: a folder.
    func names(_ files: [String: String?]) -> [String] {
        ProjectConfigurationLoader.detectChecks(rootEntries: files.keys.sorted()) { name in
            (files[name] ?? nil).map { Array($0.utf8) }
        }.map { $0.command.joined(separator: " ") }
    }

    @Test func swift() {
        #expect(names(["Package.swift": "", "Sources": nil]) == ["swift build"])
        #expect(names(["Package.swift": "", "Tests": nil, "Makefile": "deploy:\n"]) == ["swift build", "swift test"])
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
        let pytest = ["python3 -m pytest -q"]
        #expect(names(["pytest.ini": "", "x": ""]) == pytest)
        #expect(names(["pyproject.toml": "", "tests": nil]) == pytest)
        #expect(names(["pyproject.toml": "[tool.pytest.ini_options]\n"]) == pytest)
        #expect(names(["pyproject.toml": "[project]\n"]) == [])
        #expect(names(["setup.cfg": "[tool:pytest]\n"]) == pytest)
        #expect(names(["a.py": "", "test_a.py": ""]) == pytest)
        #expect(names(["a.c": "", "tests": nil]) == [])
        #expect(names(["Makefile": "all:\n", "conftest.py": ""]) == pytest + ["make"])
    }

    @Test func node() {
        let test = ["npm test --silent"]
        #expect(names(["package.json": #"{"scripts": {"test": "node --test"}}"#]) == test)
        #expect(names(["package.json": #"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#]) == [])
        #expect(names(["package.json": #"{"scripts": {"build": "x"}}"#]) == [])
        #expect(names(["package.json": "not json"]) == [])
        #expect(names(["package.json": nil]) == [])
    }

    @Test func cmake() {
        let build = ["cmake -S . -B build", "cmake --build build"]
        #expect(names(["CMakeLists.txt": "project(x)"]) == build)
        #expect(
            names(["CMakeLists.txt": "Enable_Testing ( )", "Makefile": ""])
                == build + ["ctest --test-dir build --output-on-failure"])
    }

    @Test func severalAndNone() {
        #expect(names(["go.mod": "", "Cargo.toml": "", "README.md": ""]).count == 5)
        #expect(names([:]) == [])
        let checks = ProjectConfigurationLoader.detectChecks(rootEntries: ["Cargo.toml"]) { _ in nil }
        #expect(
            checks.allSatisfy { $0.required && $0.parser == nil && $0.when == .afterEdit && $0.timeoutSeconds == 600 })
        #expect(Set(checks.map(\.name)).count == checks.count)
    }
}
