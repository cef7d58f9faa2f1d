/// A repository's files, as far as checks are found by them.
struct RepositoryFiles {
    /// Files and folders at the root.
    let root: Set<String>
    let files: [String]
    private let readFile: (String) -> [UInt8]?

    /// Files that say how the repository is built, so that a makefile is only for convenience.
    private static let manifests = [
        "Package.swift", "Cargo.toml", "go.mod", "CMakeLists.txt", "package.json", "pyproject.toml", "setup.py",
        "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "tsconfig.json",
    ]
    /// Files of tools that say it too, but that no check is made from.
    private static let otherManifests = [
        "GNUmakefile", "makefile", "Makefile", "build.xml", "WORKSPACE", "MODULE.bazel", "meson.build", "configure",
        "build.ninja", "Rakefile", "Gemfile", "composer.json", "mix.exs", "deno.json", "build.sbt", "stack.yaml",
    ]

    init(_ files: some Sequence<String>, readFile: @escaping (String) -> [UInt8]?) {
        self.files = files.sorted()
        self.readFile = readFile
        root = Set(
            self.files.compactMap { $0.utf8.split(separator: UInt8(ascii: "/")).first.map { String(Substring($0)) } })
    }

    // MARK: Questions

    func has(_ names: String...) -> Bool { names.contains { root.contains($0) } }

    var hasManifest: Bool { (Self.manifests + Self.otherManifests).contains { root.contains($0) } }

    /// The files with this ending whose folders are all visible ones.
    func sources(_ ending: String) -> [String] {
        files.filter { path in
            path.hasSuffix(ending) && !path.hasPrefix(".") && !path.utf8.elementsEqual(ending.utf8)
                && !path.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "node_modules" || $0 == "vendor" }
        }
    }

    func text(_ file: String) -> String {
        guard let bytes = readFile(file) else { return "" }
        return String(decoding: bytes.prefix(ConfigurationLimits.fileBytes), as: UTF8.self)
    }

    private func check(_ words: String...) -> DetectedCheck { named(words.joined(separator: " "), words) }

    func named(
        _ name: String, _ command: [String], required: Bool = true, reports: [String]? = nil, program: String? = nil
    ) -> DetectedCheck {
        DetectedCheck(
            CheckDefinition(name: name, command: command, required: required, reports: reports), program: program)
    }

    // MARK: By manifest

    var swift: [DetectedCheck] {
        guard has("Package.swift") else { return [] }
        guard has("Tests") else { return [check("swift", "build")] }
        var test = ["swift", "test"]
        // A toolchain that is too old for the manifest is of no use anyway, and older ones do not know the option.
        if let version = SwiftManifest.toolsVersion(text("Package.swift")), version >= (6, 2) {
            test += ["--event-stream-output-path", "$COFFERDAM_REPORTS/events.jsonl"]
        }
        return [check("swift", "build"), named("swift test", test)]
    }

    var cargo: [DetectedCheck] { has("Cargo.toml") ? [check("cargo", "build"), check("cargo", "test")] : [] }

    var go: [DetectedCheck] {
        guard has("go.mod") else { return [] }
        return ["build", "vet", "test"].map { named("go \($0)", ["go", $0, "./..."]) }
    }

    var cmake: [DetectedCheck] {
        guard has("CMakeLists.txt") else { return [] }
        var checks = [
            named("cmake configure", ["cmake", "-S", ".", "-B", "build"]),
            named("cmake build", ["cmake", "--build", "build"]),
        ]
        let text = self.text("CMakeLists.txt").lowercased().filter { !$0.isWhitespace }
        if text.contains("enable_testing(") || text.contains("include(ctest)") {
            // Its JUnit names no place that the text does not, and what a test printed is then told twice.
            checks.append(named("ctest", ["ctest", "--test-dir", "build", "--output-on-failure"]))
        }
        return checks
    }

    private var manifest: PackageManifest? {
        has("package.json") ? readFile("package.json").flatMap(PackageManifest.init) : nil
    }

    var typescript: [DetectedCheck] {
        guard has("tsconfig.json") else { return [] }
        // Of the version that the project was written for, if it says so; setup steps may have installed it.
        let isOwn = manifest?.dependencies.contains("typescript") == true
        let compiler = isOwn ? "./node_modules/.bin/tsc" : "tsc"
        return [named("tsc", [compiler, "--noEmit", "--pretty", "false"], program: compiler)]
    }

    var node: [DetectedCheck] {
        // What `npm init` writes only prints an error.
        guard let script = manifest?.testScript, !script.contains("no test specified") else { return [] }
        return [named("npm test", ["npm", "test", "--silent"])]
    }

    var maven: [DetectedCheck] {
        guard has("pom.xml") else { return [] }
        let program = has("mvnw") ? "./mvnw" : "mvn"
        return [named("mvn test", [program, "-B", "-ntp", "test"], reports: ["**/target/surefire-reports/TEST-*.xml"])]
    }

    var gradle: [DetectedCheck] {
        guard has("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts") else { return [] }
        let program = has("gradlew") ? "./gradlew" : "gradle"
        return [
            named(
                "gradle test", [program, "--console=plain", "test"], reports: ["**/build/test-results/**/TEST-*.xml"])
        ]
    }

    var python: [DetectedCheck] {
        let hasTests =
            has("tests", "test", "conftest.py")
            || root.contains { $0.hasPrefix("test_") && $0.hasSuffix(".py") || $0.hasSuffix("_test.py") }
        let isPython =
            has("pyproject.toml", "setup.cfg", "setup.py") || root.contains { $0.hasSuffix(".py") }
        let isConfigured =
            has("pytest.ini") || text("pyproject.toml").contains("[tool.pytest")
            || text("setup.cfg").contains("[tool:pytest]") || text("tox.ini").contains("[pytest]")
        guard isConfigured || isPython && hasTests else { return [] }
        return [named("pytest", ["python3", "-m", "pytest", "-q", "--junitxml=$COFFERDAM_REPORTS/pytest.xml"])]
    }

    var make: [DetectedCheck] {
        // GNU make looks for them in this order.
        guard let file = ["GNUmakefile", "makefile", "Makefile"].first(where: { root.contains($0) }),
            !Self.manifests.contains(where: { root.contains($0) })
        else { return [] }
        let targets = Makefile.targets(text(file))
        let test = ["test", "check"].first { targets.contains($0) }
        return [check("make")] + (test.map { [check("make", $0)] } ?? [])
    }
}
