import AgentProtocol

/// Looks at a change for ways in which it makes checks pass without mending what they test.
///
/// A pure function over two trees and what the checks said of each. It works on lines and words, not on syntax: it takes
/// any bytes in linear time, and where it cannot tell an honest change from another one, it finds. What it finds does not
/// undo anything; the turn is not called verified, and a person looks.
struct GateReview {
    let input: GateInput
    let tools: CheckTools
    let reach: CheckReach
    private(set) var files: [ReviewedFile] = []
    private(set) var findings: [GateFinding] = []
    /// Lines that were taken out somewhere: where one turns up again, it has only moved.
    private var moved: [String: Int] = [:]
    /// Lines that are new somewhere.
    private(set) var addedLines: Set<String> = []
    /// Make targets, and names of test files in build files, that are new somewhere.
    private(set) var addedTargets: Set<Substring> = []
    private(set) var addedTestFiles: Set<String> = []
    private var told: [String: Int] = [:]

    /// A changed file, read.
    struct ReviewedFile {
        var file: GateFile
        var language: SourceLanguage
        var isTest: Bool
        var old: SourceText
        var new: SourceText
        var oldTests: [TestCase]
        var newTests: [TestCase]
        var changes: LineDifference

        var path: String { file.path }

        init(_ file: GateFile) {
            self.file = file
            language = SourceLanguage(path: file.path)
            old = SourceText(file.old, language)
            new = SourceText(file.new, language)
            let scanner = TestScanner(path: file.path, language: language)
            oldTests = scanner.tests(in: old)
            newTests = scanner.tests(in: new)
            isTest = TestFiles.isTest(file.path) || !oldTests.isEmpty || !newTests.isEmpty
            changes = LineDifference(old: old, new: new)
        }
    }

    /// - Returns: what speaks against the change, in the order of rules; empty for an honest one.
    static func findings(_ input: GateInput) -> [GateFinding] {
        var review = GateReview(input)
        review.run()
        return review.findings
    }

    private init(_ input: GateInput) {
        self.input = input
        tools = CheckTools(commands: input.commands)
        reach = CheckReach(input)
    }

    private mutating func run() {
        read()
        reviewTests()
        reviewCounts()
        for file in files {
            reviewLines(of: file)
            reviewCommands(in: file)
            reviewConfiguration(in: file)
        }
        reviewWarnings()
        reviewTools()
        let order = Dictionary(uniqueKeysWithValues: GateRule.allCases.enumerated().map { ($1.rawValue, $0) })
        findings.sort {
            (order[$0.rule] ?? 0, $0.path ?? "", $0.line ?? 0, $0.message)
                < (order[$1.rule] ?? 0, $1.path ?? "", $1.line ?? 0, $1.message)
        }
        if findings.count > GateInput.maximumFindings {
            let more = findings.count - GateInput.maximumFindings
            findings.removeLast(more)
            findings[findings.count - 1].message += "; and \(more) more findings"
        }
    }

    private mutating func read() {
        var bytes = 0
        for file in input.files {
            let size = (file.old?.count ?? 0) + (file.new?.count ?? 0)
            guard !file.isUnread, size <= 2 * GateInput.fileBytes, bytes + size <= GateInput.totalBytes,
                files.count < GateInput.maximumFiles
            else {
                if matters(file) { find(.notReviewed, file.path, message: "too much to look at") }
                continue
            }
            bytes += size
            // What is binary cannot be read line by line, and is neither code nor configuration.
            if file.old?.prefix(8000).contains(0) == true || file.new?.prefix(8000).contains(0) == true {
                if matters(file), !file.isAdded {
                    find(.notReviewed, file.path, message: "not text any more, or never was")
                }
                continue
            }
            let reviewed = ReviewedFile(file)
            for line in reviewed.changes.removed { moved[line.text, default: 0] += 1 }
            for line in reviewed.changes.added {
                addedLines.insert(line.text)
                if reviewed.language == .make { addedTargets.insert(line.code.prefix { $0 != ":" }) }
                if WarningFlags.mayHold(file.path) { addedTestFiles.formUnion(Self.testFiles(line.code)) }
            }
            files.append(reviewed)
        }
    }

    /// Whether checks may depend on the file in a way that the rules are about.
    private func matters(_ file: GateFile) -> Bool {
        SourceLanguage(path: file.path) != .other || ConfigurationFile(path: file.path) != nil
            || WarningFlags.mayHold(file.path) || reach.scripts.contains(file.path)
    }

    /// The line stood elsewhere before.
    mutating func isMoved(_ line: SourceText.Line) -> Bool {
        guard let count = moved[line.text], count > 0 else { return false }
        moved[line.text] = count - 1
        return true
    }

    mutating func find(_ rule: GateRule, _ path: String? = nil, line: Int? = nil, message: String) {
        let count = told["\(rule.rawValue) \(path ?? "")", default: 0]
        told["\(rule.rawValue) \(path ?? "")"] = count + 1
        guard count < GateInput.maximumFindingsOfFile else { return }
        findings.append(GateFinding(rule: rule.rawValue, path: path, line: line, message: message))
    }

    /// A line of the sandbox's, for a message.
    static func quoted(_ text: String) -> String {
        let shown = text.prefix(80).filter { $0 != "`" }
        return "`\(shown)\(text.count > 80 ? "…" : "")`"
    }
}
