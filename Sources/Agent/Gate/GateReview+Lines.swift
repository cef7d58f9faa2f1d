import AgentProtocol

extension GateReview {
    /// What single new lines say: skips, suppressions, forced exits, questions whether this is a test.
    mutating func reviewLines(of file: ReviewedFile) {
        let suppressions = SuppressionMarker.all(file.language).filter { tools.mayRun($0.tool) }
        let skips =
            file.isTest || file.language == .rust || file.language == .cmake ? SkipMarkers.inTests(file.language) : []
        let isConftest = TestFiles.isConftest(file.path)
        for line in file.changes.added {
            let text = Haystack(line.text)
            let code = Haystack(line.code)
            if let marker = suppressions.first(where: { text.has($0.needle) }), !isMoved(line) {
                find(
                    .diagnosticSuppressed, file.path, line: line.number,
                    message: "\(Self.quoted(line.text)) silences \(marker.tool)")
            }
            if let marker = code.first(of: skips) ?? (file.isTest ? text.first(of: SkipMarkers.anywhere) : nil),
                !isMoved(line)
            {
                find(
                    .testSkipped, file.path, line: line.number,
                    message: "\(Self.quoted(line.text)) is new (\(marker.text))")
            }
            if isConftest, tools.mayRun("pytest"), code.first(of: SkipMarkers.conftest) != nil, !isMoved(line) {
                find(
                    .configurationChanged, file.path, line: line.number,
                    message: "\(Self.quoted(line.text)) has a say in what runs, or in what fails")
            }
            if file.isTest, !file.file.isAdded, code.first(of: SkipMarkers.swallowing(file.language)) != nil,
                !isMoved(line)
            {
                find(
                    .assertionWeakened, file.path, line: line.number,
                    message: "\(Self.quoted(line.text)) can catch what an assertion throws")
            }
            if exits(file).contains(where: code.has), !isMoved(line) {
                find(
                    .exitForced, file.path, line: line.number,
                    message: "\(Self.quoted(line.text)) ends with success whatever happened")
            }
            if !file.isTest, file.language != .other, code.first(of: ExitMarkers.testDetection) != nil, !isMoved(line) {
                find(
                    .testDetected, file.path, line: line.number,
                    message: "\(Self.quoted(line.text)) asks whether this is a test")
            }
        }
    }

    private func exits(_ file: ReviewedFile) -> [Needle] {
        if reach.scripts.contains(file.path) {
            return ExitMarkers.anywhere
                + (file.isTest && file.language != .shell ? ExitMarkers.tests : ExitMarkers.scripts)
        }
        guard file.isTest, !file.file.isAdded || TestFiles.isConftest(file.path) else { return ExitMarkers.anywhere }
        return ExitMarkers.anywhere + (file.language == .shell ? ExitMarkers.scripts : ExitMarkers.tests)
    }

    /// Switches that warn less, counted over all files: one may move from a file to another.
    mutating func reviewWarnings() {
        struct Place {
            var path: String
            var line: Int
        }
        var balance: [String: Int] = [:]
        var lost: [String: Place] = [:]
        var gained: [String: Place] = [:]
        for file in files where WarningFlags.mayHold(file.path) {
            for line in file.changes.removed {
                for word in WarningFlags.words(line.code) where WarningFlags.effect(word) != nil {
                    balance[word, default: 0] -= 1
                    lost[word] = lost[word] ?? Place(path: file.path, line: line.number)
                }
            }
            for line in file.changes.added {
                for word in WarningFlags.words(line.code) where WarningFlags.effect(word) != nil {
                    balance[word, default: 0] += 1
                    gained[word] = gained[word] ?? Place(path: file.path, line: line.number)
                }
            }
        }
        for (word, count) in balance.sorted(by: { $0.key < $1.key }) where count != 0 {
            switch WarningFlags.effect(word) {
            case .raises? where count < 0:
                guard let place = lost[word] else { continue }
                find(.warningsLowered, place.path, line: place.line, message: "\(Self.quoted(word)) is gone")
            case .lowers? where count > 0:
                guard let place = gained[word] else { continue }
                find(.warningsLowered, place.path, line: place.line, message: "\(Self.quoted(word)) is new")
            default: continue
            }
        }
        for file in files where file.language != .other && !file.file.isDeleted {
            for line in file.changes.removed where Haystack(line.text).first(of: WarningFlags.raisingCode) != nil {
                if !addedLines.contains(line.text) {
                    find(.warningsLowered, file.path, line: line.number, message: "\(Self.quoted(line.text)) is gone")
                }
            }
        }
    }

    /// Files that stand in the place of tools.
    mutating func reviewTools() {
        let known = Self.toolNames.union(reach.programs)
        for file in input.files where file.isAdded || file.isUnread {
            if let what = shadowed(file.path, isExecutable: file.isExecutable, known) {
                find(.toolShadowed, file.path, message: "takes the place of \(Self.quoted(what))")
            }
        }
        for product in input.products {
            let parts = product.path.split(separator: "/").map(String.init)
            guard let name = parts.last else { continue }
            let isTool = parts.dropLast().last == ".bin" || (parts.dropLast().last == "bin" && parts.contains(".venv"))
            let what =
                Self.startFiles.contains(name) || name.hasSuffix(".pth") ? name : isTool && product.existed ? name : nil
            if let what {
                find(
                    .toolShadowed, product.path,
                    message: "\(Self.quoted(what)) decides how checks run, and is no part of the result")
            }
        }
    }

    /// Modules that Python loads before anything else.
    private static let startFiles: Set<String> = ["sitecustomize.py", "usercustomize.py"]
    private static let modules: Set<String> = [
        "_pytest", "coverage", "doctest", "flake8", "mypy", "nose", "pluggy", "pycodestyle", "pyflakes", "pylint",
        "pytest",
        "ruff", "sitecustomize", "tox", "unittest", "usercustomize", "site",
    ]
    private static let nodeModules: Set<String> = [
        "chai", "eslint", "jest", "mocha", "tap", "tape", "typescript", "vitest", "ava", "jasmine", ".bin",
    ]
    private static let toolNames: Set<String> = [
        "ar", "bash", "busted", "c++", "cargo", "cc", "clang", "clang++", "cmake", "ctest", "diff", "dotnet", "eslint",
        "flake8",
        "g++", "gcc", "go", "gradle", "grep", "java", "javac", "jest", "ld", "lua", "luacheck", "make", "mocha", "mvn",
        "mypy",
        "ninja", "node", "npm", "npx", "perl", "pip", "pylint", "pytest", "python", "python3", "ruby", "ruff", "rustc",
        "sh",
        "shellcheck", "swift", "swiftc", "tsc", "vitest",
    ]

    private func shadowed(_ path: String, isExecutable: Bool, _ known: Set<String>) -> String? {
        let parts = path.split(separator: "/").map(String.init)
        guard let name = parts.last else { return nil }
        let folder = parts.dropLast().last
        if name.hasSuffix(".pth") { return "Python's path" }
        if name.hasSuffix(".py"), Self.modules.contains(String(name.dropLast(3))) { return String(name.dropLast(3)) }
        if name == "__init__.py" || name == "__main__.py", let folder, Self.modules.contains(folder) { return folder }
        if let index = parts.firstIndex(of: "node_modules"), index + 1 < parts.count,
            Self.nodeModules.contains(parts[index + 1])
        {
            return parts.count > index + 2 && parts[index + 1] == ".bin" ? parts[index + 2] : parts[index + 1]
        }
        if name == "GNUmakefile" || name == "makefile" {
            let folder = parts.dropLast().map { $0 + "/" }.joined()
            if input.read("\(folder)Makefile") != nil { return "Makefile" }
        }
        // A program is found by its name in a folder of programs.
        if isExecutable || folder == "bin" || folder == ".bin", known.contains(name), !name.contains(".") {
            return name
        }
        return nil
    }
}
