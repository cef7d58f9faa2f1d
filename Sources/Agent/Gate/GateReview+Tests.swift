import AgentProtocol

extension GateReview {
    /// Tests that are gone, that assert less, or that failed before and assert something else.
    mutating func reviewTests() {
        var surplus: [String: Int] = [:]
        var newBodies: [[String]: Int] = [:]
        var newTests: [String: [TestCase]] = [:]
        for test in files.flatMap(\.newTests) {
            surplus[test.name, default: 0] += 1
            newBodies[test.text, default: 0] += 1
            if newTests[test.name, default: []].count < Self.maximumNamesakes {
                newTests[test.name, default: []].append(test)
            }
        }
        let failed = failedNames
        let newFiles = Set(files.filter(\.file.isAdded).compactMap(\.file.new))
        for file in files {
            var missing: [TestCase] = []
            for test in file.oldTests {
                if let count = surplus[test.name], count > 0 {
                    surplus[test.name] = count - 1
                    let candidates = newTests[test.name] ?? []
                    if let now = candidates.first(where: { $0.path == test.path }) ?? candidates.first {
                        compare(test, now, failedBefore: failed.contains(test.name))
                    }
                } else {
                    missing.append(test)
                }
            }
            // The same test by another name.
            missing.removeAll { test in
                guard !test.body.isEmpty, let count = newBodies[test.text], count > 0 else { return false }
                newBodies[test.text] = count - 1
                return true
            }
            if file.file.isDeleted {
                guard missing.isEmpty == false || file.oldTests.isEmpty else { continue }
                guard file.isTest, file.language != .other, file.file.old.map(newFiles.contains) != true else {
                    continue
                }
                let tests = missing.isEmpty ? "" : " with \(missing.count) \(missing.count == 1 ? "test" : "tests")"
                find(.testDeleted, file.path, message: "this file of tests\(tests) is gone")
                continue
            }
            for test in missing {
                find(.testDeleted, file.path, line: test.line, message: "the test \(Self.quoted(test.name)) is gone")
            }
            if missing.isEmpty { compareRest(of: file) }
        }
    }

    /// Tests of one name that are compared.
    private static let maximumNamesakes = 16

    private mutating func compare(_ old: TestCase, _ new: TestCase, failedBefore: Bool) {
        guard old.text != new.text else { return }
        let name = Self.quoted(old.name)
        let assertions = Assertions(language: SourceLanguage(path: new.path))
        if new.assertions < old.assertions {
            let message =
                new.assertions == 0
                ? "the test \(name) asserts nothing any more"
                : "the test \(name) has \(new.assertions) instead of \(old.assertions) assertions"
            find(.assertionWeakened, new.path, line: new.line, message: message)
        } else if failedBefore {
            var kept: [String: Int] = [:]
            for line in new.body { kept[line.code, default: 0] += 1 }
            let lost = old.body.first { line in
                guard assertions.isReal(line.code) else { return false }
                guard let count = kept[line.code], count > 0 else { return true }
                kept[line.code] = count - 1
                return false
            }
            if let lost {
                find(
                    .failingTestChanged, new.path, line: new.line,
                    message: "the test \(name) failed before and no longer asserts \(Self.quoted(lost.code))")
            }
        }
        if let first = new.body.first, SkipMarkers.isEarlyEnd(first.code), first.code != old.body.first?.code {
            find(.testSkipped, new.path, line: first.number, message: "the test \(name) ends before it tests")
        }
    }

    /// Names by which tests that failed at first may be declared: a runner puts suites and files before them.
    private var failedNames: Set<String> {
        var names: Set<String> = []
        for name in input.diagnosticsBefore.lazy.compactMap(\.test?.name).prefix(Self.maximumFailed) {
            let last = name.split { ":/.#>".contains($0) }.last.map { $0.drop { $0 == " " } } ?? name[...]
            names.insert(String(last))
            names.insert(String(last.prefix { $0 != "(" && $0 != "[" }))
            var rest = name.prefix(1000)
            names.insert(String(rest))
            while let place = rest.firstIndex(of: " "), names.count < 64 * Self.maximumFailed {
                rest = rest[rest.index(after: place)...]
                names.insert(String(rest))
            }
        }
        return names
    }

    /// Tests that failed at first that are looked at.
    private static let maximumFailed = 200

    /// Assertions that are in no test that was found: in helpers, in programs that test.
    private mutating func compareRest(of file: ReviewedFile) {
        guard file.isTest, !file.file.isAdded, !file.file.isDeleted else { return }
        // Scripts that checks run are held line by line.
        if reach.scripts.contains(file.path), file.language == .shell || file.language == .other { return }
        let assertions = Assertions(language: file.language)
        func inTests(_ tests: [TestCase]) -> Set<Int> { Set(tests.flatMap { $0.body.map(\.number) }) }
        let oldLines = inTests(file.oldTests)
        let newLines = inTests(file.newTests)
        var lost: [SourceText.Line] = []
        for line in file.changes.removed where !oldLines.contains(line.number) && assertions.isReal(line.code) {
            lost.append(line)
        }
        let gained = file.changes.added.count { !newLines.contains($0.number) && assertions.isReal($0.code) }
        lost.removeAll { addedLines.contains($0.text) }
        if lost.count > gained, let first = lost.first {
            find(
                .assertionWeakened, file.path, line: first.number,
                message: "\(Self.quoted(first.code)) is gone, and nothing of its kind is new")
        } else if let changed = lost.first(where: { failedAt(file.path, $0.number) }) {
            find(
                .failingTestChanged, file.path, line: changed.number,
                message: "\(Self.quoted(changed.code)) failed before and was changed")
        }
    }

    private func failedAt(_ path: String, _ line: Int) -> Bool {
        input.diagnosticsBefore.contains { $0.test != nil && $0.path == path && $0.range?.startLine == line }
    }

    /// Fewer tests than when they were counted first.
    mutating func reviewCounts() {
        for evidence in input.evidence {
            guard let before = input.testsBefore[evidence.name] else { continue }
            let name = Self.quoted(evidence.name)
            guard let now = evidence.tests else {
                // Counts that only a failing run printed prove nothing about one that passes.
                if before.failed > 0 { continue }
                find(.fewerTestsRun, message: "check \(name) counted \(before.total) tests at first, and none any more")
                continue
            }
            let ran = (before: before.passed + before.failed, now: now.passed + now.failed)
            if ran.now < ran.before {
                find(.fewerTestsRun, message: "check \(name) ran \(ran.now) tests, and \(ran.before) at first")
            } else if now.skipped > before.skipped {
                find(
                    .fewerTestsRun,
                    message: "check \(name) skipped \(now.skipped) tests, and \(before.skipped) at first")
            }
        }
    }
}
