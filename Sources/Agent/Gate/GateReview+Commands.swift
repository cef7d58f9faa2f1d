import AgentProtocol
import JSON

extension GateReview {
    /// Changes of what the checks' commands run.
    mutating func reviewCommands(in file: ReviewedFile) {
        if reach.scripts.contains(file.path) { reviewScript(file) }
        switch file.language {
        case .make: reviewMake(file)
        case .cmake: reviewRegistration(file)
        default:
            if file.file.name == "package.json" { reviewPackageScripts(file) }
            if WarningFlags.mayHold(file.path) { reviewRegistration(file) }
        }
    }

    private mutating func reviewScript(_ file: ReviewedFile) {
        if file.file.isDeleted {
            return find(.commandChanged, file.path, message: "a check runs this, and it is gone")
        }
        // A program that a check runs directly may be what is to be mended; tests have rules of their own.
        guard file.oldTests.isEmpty,
            file.language == .shell || file.language == .other || TestFiles.isRunner(file.file.name),
            !file.isTest || file.language == .shell || file.language == .other
        else { return }
        guard let line = file.changes.removed.first(where: { !$0.code.isEmpty }) else { return }
        find(
            .commandChanged, file.path, line: line.number,
            message: "a check runs this, and \(Self.quoted(line.code)) is gone")
    }

    private mutating func reviewMake(_ file: ReviewedFile) {
        let old = MakeRules(file.old, raw: file.file.old)
        let new = MakeRules(file.new, raw: file.file.new)
        for (target, rule) in old.rules.sorted(by: { $0.key < $1.key })
        where reach.targets.contains(target) || TestFiles.isRunner(target) {
            guard let now = new.rules[target] else {
                if !addedTargets.contains(target[...]) {
                    find(
                        .commandChanged, file.path, line: rule.line,
                        message: "the target \(Self.quoted(target)) is gone")
                }
                continue
            }
            let recipe = Set(now.recipe.map(\.code))
            if let line = rule.recipe.first(where: { !recipe.contains($0.code) && !Self.builds($0.code) }) {
                find(
                    .commandChanged, file.path, line: now.line,
                    message: "the target \(Self.quoted(target)) no longer runs \(Self.quoted(line.code))")
            }
            let needed = Set(now.prerequisites)
            if let lost = rule.prerequisites.first(where: { !needed.contains($0) }) {
                find(
                    .commandChanged, file.path, line: now.line,
                    message: "the target \(Self.quoted(target)) no longer needs \(Self.quoted(lost))")
            }
        }
        reviewRecipes(file, old, new)
        for (name, words) in old.variables.sorted(by: { $0.key < $1.key })
        where !TestFiles.words(name.lowercased()).filter({ TestFiles.isRunner(String($0)) }).isEmpty {
            let now = Set(new.variables[name] ?? [])
            guard let lost = words.first(where: { !now.contains($0) }), !file.file.isDeleted else { continue }
            find(
                .commandChanged, file.path,
                message: "the variable \(Self.quoted(name)) no longer has \(Self.quoted(lost))")
        }
        for (name, words) in new.variables.sorted(by: { $0.key < $1.key }) where words != old.variables[name] {
            let isIdle =
                words.count == 1
                && ["true", ":", "/bin/true", "/usr/bin/true", "echo", "@true", "@:"].contains(words[0])
            let isLax =
                name == "MAKEFLAGS" && words.contains { $0.hasPrefix("-") && ($0.contains("i") || $0.contains("k")) }
            if isIdle || isLax || (name == "SHELL" && old.variables[name] != nil) || name == ".SHELLFLAGS" {
                find(
                    .commandChanged, file.path,
                    message: "the variable \(Self.quoted(name)) is now \(Self.quoted(words.joined(separator: " ")))")
            }
        }
    }

    /// A step that makes a file rather than tests one: how it is made may be what is to be mended.
    private static func builds(_ code: String) -> Bool {
        ["$@", "$(CC)", "$(CXX)", "$(LD)", "$(LINK", " -o "].contains { piece in
            code.utf8.count < 4096 && code.contains(piece)
        }
    }

    /// Failures that recipes no longer tell.
    private mutating func reviewRecipes(_ file: ReviewedFile, _ old: MakeRules, _ new: MakeRules) {
        let calm: Set<String> = ["clean", "distclean", "install", "mostlyclean", "realclean", "uninstall"]
        let known = Set(old.rules.values.flatMap { $0.recipe.map(\.code) })
        for (target, rule) in new.rules.sorted(by: { $0.key < $1.key }) where !calm.contains(target) {
            for line in rule.recipe where !known.contains(line.code) {
                let ignores = line.code.drop { $0 == "@" || $0 == "+" }.hasPrefix("-")
                if ignores || Haystack(line.code).first(of: ExitMarkers.scripts) != nil {
                    find(
                        .exitForced, file.path, line: line.number,
                        message: "\(Self.quoted(line.code)) cannot fail any more")
                }
            }
        }
        if let rule = new.rules[".IGNORE"], old.rules[".IGNORE"] == nil {
            find(.exitForced, file.path, line: rule.line, message: "`.IGNORE` makes recipes that fail go unseen")
        }
    }

    private mutating func reviewPackageScripts(_ file: ReviewedFile) {
        let old = Self.packageScripts(file.file.old)
        let new = Self.packageScripts(file.file.new)
        for (name, command) in old.sorted(by: { $0.key < $1.key }) where new[name] != command {
            guard reach.packageScripts.contains(name) || TestFiles.isRunner(name) else { continue }
            let now = new[name].map { "is now \(Self.quoted($0))" } ?? "is gone"
            find(.commandChanged, file.path, message: "the script \(Self.quoted(name)) \(now)")
        }
        for (name, command) in new.sorted(by: { $0.key < $1.key }) where old[name] != command {
            if Haystack(command).first(of: ExitMarkers.scripts) != nil {
                find(
                    .exitForced, file.path,
                    message: "the script \(Self.quoted(name)) cannot fail: \(Self.quoted(command))")
            }
        }
    }

    private static func packageScripts(_ bytes: [UInt8]?) -> [String: String] {
        guard let bytes, let scripts = (try? JSON(parsing: bytes))?["scripts"]?.objectValue else { return [:] }
        var result: [String: String] = [:]
        for name in scripts.keys { result[name] = scripts[name]?.stringValue }
        return result
    }

    private static let registrations: [Needle] = [
        "enable_testing(", "include(ctest)", "gtest_discover_tests(", "gtest_add_tests(", "catch_discover_tests(",
        "doctest_discover_tests(", "ament_add_gtest(", ".testtarget(", "[[test]]", "cc_test(", "py_test(", "go_test(",
        "java_test(", "rust_test(", "swift_test(", "subdir('test", "subdir(\"test", "add_subdirectory(test",
        "add_subdirectory(spec",
        "usejunitplatform", "usetestng",
    ]

    /// Tests that the build no longer knows of.
    private mutating func reviewRegistration(_ file: ReviewedFile) {
        guard !file.file.isDeleted, !file.file.isAdded, file.file.name != "package.json" else { return }
        var names: [String: Int] = [:]
        for line in file.changes.added { for word in Self.testFiles(line.code) { names[word, default: 0] += 1 } }
        let calls = Set(file.changes.added.compactMap { Haystack($0.code).first(of: Self.registrations)?.text })
        let deleted = Set(input.files.filter(\.isDeleted).map(\.name))
        for line in file.changes.removed {
            let found = Haystack(line.code)
            if let call = found.first(of: Self.registrations),
                !calls.contains(call.text), !addedLines.contains(line.text)
            {
                find(.commandChanged, file.path, line: line.number, message: "\(Self.quoted(line.code)) is gone")
            }
            for word in Self.testFiles(line.code) {
                if let count = names[word], count > 0 {
                    names[word] = count - 1
                } else if !addedTestFiles.contains(word), !deleted.contains(CheckTools.baseName(word)) {
                    find(
                        .commandChanged, file.path, line: line.number,
                        message: "\(Self.quoted(word)) is no longer named here")
                }
            }
        }
    }

    /// Words that are names of test files.
    static func testFiles(_ code: String) -> [String] {
        WarningFlags.words(code).filter { word in
            word.utf8.count <= 256 && SourceLanguage(path: word) != .other && word.contains(".") && !word.hasPrefix("-")
                && TestFiles.isTest(word)
        }
    }
}
