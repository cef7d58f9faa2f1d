extension ProjectConfigurationLoader {
    /// The checks that a repository's files suggest; empty when nothing is certain enough.
    ///
    /// | at the root | checks |
    /// |---|---|
    /// | `Package.swift` | `swift build`; with `Tests`, `swift test` |
    /// | `Cargo.toml` | `cargo build`, `cargo test` |
    /// | `go.mod` | `go build ./...`, `go vet ./...`, `go test ./...` |
    /// | `CMakeLists.txt` | `cmake -S . -B build`, `cmake --build build`; `ctest` when it enables testing |
    /// | `tsconfig.json` | `tsc --noEmit`, the project's own where `package.json` names it, if it is installed |
    /// | `package.json` | `npm test --silent`, when it has a test script that is not npm's stub |
    /// | `pom.xml` | `mvn test`, by the wrapper where there is one |
    /// | `build.gradle`, `settings.gradle`, also `.kts` | `gradle test`, likewise |
    /// | pytest's configuration, or Python sources with tests | `python3 -m pytest -q` |
    /// | a makefile, and none of the manifests above | `make`; `make test` or `make check` where there is such a target |
    ///
    /// Where none of them is there, the sources themselves: Java (`javac` into a scratch folder), Lua (`luac -p`, `busted`
    /// where there are specs), shell scripts (`bash -n`, `bats`, a `test.sh`); and linters that the repository has a
    /// configuration for or that belong to such sources (`ruff`, `luacheck`, `shellcheck`), where the sandbox has them. A
    /// linter's word is told and does not decide: a repository that was never clean could not be worked on.
    ///
    /// Beside a manifest, a makefile's default goal may be anything, deployment included, so it is not run. Several
    /// rows may apply. All checks run after edits; the agent loop puts off those that prove slow. Tools that can write a
    /// report for programs beside what they print do so into `$COFFERDAM_REPORTS`, outside the tree.
    ///
    /// - Parameters:
    ///   - files: the paths of all files, relative to the root.
    ///   - readFile: the contents of a file, nil when it cannot be read.
    public static func detectChecks(
        files: some Sequence<String>, readFile: (String) -> [UInt8]?
    ) -> [DetectedCheck] {
        withoutActuallyEscaping(readFile) { readFile in
            let repository = RepositoryFiles(files, readFile: readFile)
            var found = [
                repository.swift, repository.cargo, repository.go, repository.cmake, repository.typescript,
                repository.node, repository.maven, repository.gradle, repository.python, repository.make,
            ].flatMap { $0 }
            if found.isEmpty { found = repository.java + repository.lua + repository.shell }
            found += repository.linters(beside: found)
            for index in found.indices { found[index].definition.origin = .detected }
            return found
        }
    }
}
