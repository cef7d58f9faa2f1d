/// Repositories of sources alone, without a file that says how they are built.
extension RepositoryFiles {
    /// Sources of tests need libraries that only a build tool knows where to get.
    var java: [DetectedCheck] {
        guard !hasManifest, !sources(".java").isEmpty else { return [] }
        let script = """
            find . -name '*.java' ! -path '*/.*' ! -path '*/test/*' ! -path '*/tests/*' -print0 | \
            xargs -0 javac -Xlint:all -d "$TMPDIR/cofferdam-classes"
            """
        return [named("javac", ["/bin/sh", "-c", script], program: "javac")]
    }

    var lua: [DetectedCheck] {
        let sources = sources(".lua")
        guard !hasManifest, !sources.isEmpty else { return [] }
        var checks = [
            named(
                "luac", ["/bin/sh", "-c", "find . -name '*.lua' ! -path '*/.*' -exec luac -p -- {} +"], program: "luac")
        ]
        if has(".busted") || sources.contains(where: { $0.hasSuffix("_spec.lua") }) {
            checks.append(named("busted", ["busted"], program: "busted"))
        }
        return checks
    }

    var shell: [DetectedCheck] {
        guard !hasManifest, !shellPatterns.isEmpty else { return [] }
        // bash reads what other shells read; it takes one file at a time.
        let script = """
            status=0; for file in \(shellPatterns.joined(separator: " ")); do \
            [ ! -e "$file" ] || bash -n "$file" || status=1; done; exit $status
            """
        var checks = [named("bash -n", ["/bin/sh", "-c", script], program: "bash")]
        if let folder = ["test", "tests"].first(where: { folder in
            files.contains { $0.hasPrefix("\(folder)/") && $0.hasSuffix(".bats") }
        }) {
            checks.append(
                named(
                    "bats", ["bats", "--recursive", "--report-formatter", "junit", "-o", "$COFFERDAM_REPORTS", folder],
                    program: "bats"))
        }
        let tests = ["test.sh", "tests.sh", "run-tests.sh", "run_tests.sh", "test/run.sh", "tests/run.sh"]
        if let test = tests.first(where: { files.contains($0) }) {
            let isBash =
                text(test).split(separator: "\n").first.map { $0.hasPrefix("#!") && $0.contains("bash") } ?? false
            checks.append(named(test, [isBash ? "bash" : "sh", test]))
        }
        return checks
    }

    /// Linters of what is there. They are not required; see `detectChecks`.
    func linters(beside found: [DetectedCheck]) -> [DetectedCheck] {
        var checks: [DetectedCheck] = []
        func has(_ name: String) -> Bool { found.contains { $0.definition.name == name } }
        if self.has("ruff.toml", ".ruff.toml") || text("pyproject.toml").contains("[tool.ruff") {
            checks.append(named("ruff", ["ruff", "check", "--no-cache", "."], required: false, program: "ruff"))
        }
        if self.has(".luacheckrc") || has("luac") {
            checks.append(named("luacheck", ["luacheck", "--codes", "."], required: false, program: "luacheck"))
        }
        if !shellPatterns.isEmpty, self.has(".shellcheckrc") || has("bash -n") {
            let script = "shellcheck -f gcc -- \(shellPatterns.joined(separator: " "))"
            checks.append(named("shellcheck", ["/bin/sh", "-c", script], required: false, program: "shellcheck"))
        }
        return checks
    }

    /// Patterns for the shell that fit all scripts of folders whose names are plain; files that are added fit too.
    private var shellPatterns: [String] {
        var folders: [String] = []
        for path in sources(".sh") {
            var parts = path.split(separator: "/")
            parts.removeLast()
            let folder = parts.joined(separator: "/")
            guard !folders.contains(folder), folders.count < 64, folder.utf8.first != UInt8(ascii: "-") else {
                continue
            }
            let isPlain = folder.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "/._-".utf8.contains(byte)
            }
            if isPlain { folders.append(folder) }
        }
        return folders.map { $0.isEmpty ? "./*.sh" : "./\($0)/*.sh" }
    }
}
