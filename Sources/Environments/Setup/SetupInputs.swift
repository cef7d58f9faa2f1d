/// Which files of a tree a set-up depends on: what a change of these makes it run again.
///
/// These are the manifests and lock files of the package managers wherever they lie, the files and folders that a
/// command names, and what the repository lists itself.
public enum SetupInputs {
    private static let manifests: Set<String> = [
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "bun.lock", "bun.lockb", "deno.json", "deno.jsonc", "deno.lock", ".npmrc", ".yarnrc.yml", ".nvmrc",
        "pyproject.toml", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock", "setup.py", "setup.cfg",
        "environment.yml", "environment.yaml", ".python-version", "tox.ini",
        "Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml",
        "go.mod", "go.sum", "go.work", "go.work.sum", "Gemfile", "Gemfile.lock", ".ruby-version",
        "composer.json", "composer.lock", "Package.swift", "Package.resolved", ".swift-version",
        "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.lockfile",
        "gradle.properties", "libs.versions.toml", "build.sbt", "mix.exs", "mix.lock", "rebar.config", "rebar.lock",
        "pubspec.yaml", "pubspec.lock", "stack.yaml", "cabal.project", "conanfile.txt", "conanfile.py", "vcpkg.json",
        "MODULE.bazel", "WORKSPACE", "flake.nix", "flake.lock", "opam", "dune-project", "Makefile.PL", "cpanfile",
        ".tool-versions", "mise.toml",
    ]
    /// What a program reads without being told.
    private static let read: [String: [String]] = [
        "make": ["Makefile", "makefile", "GNUmakefile"], "cmake": ["CMakeLists.txt", "CMakePresets.json"],
        "meson": ["meson.build", "meson_options.txt"], "just": ["justfile", "Justfile"], "task": ["Taskfile.yml"],
        "rake": ["Rakefile"], "ant": ["build.xml"], "tox": ["tox.ini"], "nox": ["noxfile.py"],
    ]
    /// Endings that mark a manifest with a name of its own.
    private static let endings = [".csproj", ".fsproj", ".sln", ".cabal", ".gemspec", ".podspec"]

    /// - Parameters:
    ///   - commands: the words of every command.
    ///   - listed: files and folders that the repository names itself.
    ///   - files: identities of all files by path.
    /// - Returns: sorted by path.
    public static func select(
        commands: [[String]], listed: [String], files: [String: String]
    ) -> [(path: String, identity: String)] {
        let words = commands.joined().flatMap(Self.words)
        var named = Set((words + listed).map(normalized).filter { !$0.isEmpty })
        for word in words {
            let program = word.split(separator: "/").last.map(String.init) ?? word
            named.formUnion(read[program] ?? [])
        }
        return files.filter { path, _ in isManifest(path) || isNamed(path, named) }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    private static func isManifest(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if manifests.contains(name) || endings.contains(where: name.hasSuffix) { return true }
        return name.hasPrefix("requirements") && (name.hasSuffix(".txt") || name.hasSuffix(".in"))
            || name.hasPrefix("constraints") && name.hasSuffix(".txt")
    }

    /// Whether the file, or a folder that it lies in, is named.
    private static func isNamed(_ path: String, _ named: Set<String>) -> Bool {
        if named.contains(path) { return true }
        return path.utf8.indices.contains { index in
            path.utf8[index] == UInt8(ascii: "/") && named.contains(String(path[..<index]))
        }
    }

    /// A script is more than one word.
    private static func words(_ text: String) -> [String] {
        text.split { " \t\n;&|()<>\"'`=$,{}".contains($0) }.map(String.init)
    }

    private static func normalized(_ word: String) -> String {
        word.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
