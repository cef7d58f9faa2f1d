extension ProjectConfigurationLoader {
    /// The checks that the files at a repository's root suggest; empty when nothing is certain enough.
    ///
    /// | at the root | checks |
    /// |---|---|
    /// | `Package.swift` | `swift build`; with `Tests`, `swift test` |
    /// | `Cargo.toml` | `cargo build`, `cargo test` |
    /// | `go.mod` | `go build ./...`, `go vet ./...`, `go test ./...` |
    /// | `CMakeLists.txt` | `cmake -S . -B build`, `cmake --build build`; `ctest` when it enables testing |
    /// | `package.json` | `npm test --silent`, when it has a test script that is not npm's stub |
    /// | pytest's configuration, or Python sources with tests | `python3 -m pytest -q` |
    /// | a makefile, and none of the manifests above | `make`; `make test` or `make check` where there is such a target |
    ///
    /// Beside a manifest, a makefile's default goal may be anything, deployment included, so it is not run. Several
    /// rows may apply. All checks are required and run after edits; the agent loop puts off those that prove slow.
    ///
    /// - Parameters:
    ///   - rootEntries: names of the files and folders at the root.
    ///   - readFile: the contents of a file at the root, nil when it cannot be read.
    public static func detectChecks(
        rootEntries: [String], readFile: (String) -> [UInt8]?
    ) -> [CheckDefinition] {
        withoutActuallyEscaping(readFile) { readFile in
            let root = RepositoryRoot(entries: Set(rootEntries), readFile: readFile)
            let found: [[CheckDefinition]] = [
                root.swift, root.cargo, root.go, root.cmake, root.node, root.python, root.make,
            ]
            return found.flatMap { $0 }
        }
    }
}

private struct RepositoryRoot {
    let entries: Set<String>
    let readFile: (String) -> [UInt8]?

    /// Files that say how the repository is built, so that a makefile is only for convenience.
    private static let manifests = [
        "Package.swift", "Cargo.toml", "go.mod", "CMakeLists.txt", "package.json", "pyproject.toml", "setup.py",
    ]

    var swift: [CheckDefinition] {
        guard entries.contains("Package.swift") else { return [] }
        return [check("swift", "build")] + (entries.contains("Tests") ? [check("swift", "test")] : [])
    }

    var cargo: [CheckDefinition] {
        entries.contains("Cargo.toml") ? [check("cargo", "build"), check("cargo", "test")] : []
    }

    var go: [CheckDefinition] {
        guard entries.contains("go.mod") else { return [] }
        return ["build", "vet", "test"].map { CheckDefinition(name: "go \($0)", command: ["go", $0, "./..."]) }
    }

    var cmake: [CheckDefinition] {
        guard entries.contains("CMakeLists.txt") else { return [] }
        var checks = [
            CheckDefinition(name: "cmake configure", command: ["cmake", "-S", ".", "-B", "build"]),
            CheckDefinition(name: "cmake build", command: ["cmake", "--build", "build"]),
        ]
        let text = self.text("CMakeLists.txt").lowercased().filter { !$0.isWhitespace }
        if text.contains("enable_testing(") || text.contains("include(ctest)") {
            checks.append(
                CheckDefinition(name: "ctest", command: ["ctest", "--test-dir", "build", "--output-on-failure"]))
        }
        return checks
    }

    var node: [CheckDefinition] {
        guard entries.contains("package.json"), let bytes = readFile("package.json"),
            let script = PackageManifest.testScript(bytes)
        else { return [] }
        // What `npm init` writes only prints an error.
        guard !script.contains("no test specified") else { return [] }
        return [CheckDefinition(name: "npm test", command: ["npm", "test", "--silent"])]
    }

    var python: [CheckDefinition] {
        let hasTests =
            entries.contains("tests") || entries.contains("test") || entries.contains("conftest.py")
            || entries.contains { $0.hasPrefix("test_") && $0.hasSuffix(".py") || $0.hasSuffix("_test.py") }
        let isPython =
            entries.contains("pyproject.toml") || entries.contains("setup.cfg") || entries.contains("setup.py")
            || entries.contains { $0.hasSuffix(".py") }
        let isConfigured =
            entries.contains("pytest.ini") || text("pyproject.toml").contains("[tool.pytest")
            || text("setup.cfg").contains("[tool:pytest]") || text("tox.ini").contains("[pytest]")
        guard isConfigured || isPython && hasTests else { return [] }
        return [CheckDefinition(name: "pytest", command: ["python3", "-m", "pytest", "-q"])]
    }

    var make: [CheckDefinition] {
        // GNU make looks for them in this order.
        guard let file = ["GNUmakefile", "makefile", "Makefile"].first(where: { entries.contains($0) }),
            !Self.manifests.contains(where: { entries.contains($0) })
        else { return [] }
        let targets = Makefile.targets(text(file))
        let test = ["test", "check"].first { targets.contains($0) }
        return [CheckDefinition(name: "make", command: ["make"])] + (test.map { [check("make", $0)] } ?? [])
    }

    private func check(_ words: String...) -> CheckDefinition {
        CheckDefinition(name: words.joined(separator: " "), command: words)
    }

    private func text(_ file: String) -> String {
        guard entries.contains(file), let bytes = readFile(file) else { return "" }
        return String(decoding: bytes.prefix(ConfigurationLimits.fileBytes), as: UTF8.self)
    }
}
