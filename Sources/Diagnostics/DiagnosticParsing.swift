import AgentProtocol

/// From a command's output to diagnostics.
public enum DiagnosticParsing {
    /// In the order in which they are asked when the command tells nothing: the more exact their patterns the earlier.
    static let parsers: [any DiagnosticParser.Type] = [
        SARIFParser.self, LintJSONParser.self, JUnitParser.self, WorkflowCommandParser.self, TAPParser.self,
        ClangTidyParser.self, CppcheckParser.self, CMakeParser.self, CTestParser.self, MSBuildParser.self,
        MavenParser.self, GradleParser.self, JavaParser.self, KotlinParser.self,
        CargoParser.self, CargoTestParser.self, RustParser.self, GoTestParser.self, GoParser.self,
        SwiftTestParser.self, PytestParser.self, UnittestParser.self, JavaScriptTestParser.self, SwiftParser.self,
        GCCParser.self,
        LinkerParser.self, MakeParser.self,
        TypeScriptParser.self, GroupedLintParser.self, BustedParser.self, LuaParser.self, LintTextParser.self,
        PythonParser.self, ShellParser.self, GenericParser.self,
    ]

    /// Parsers of a configuration that are asked about each line.
    private static let mostConfigured = 16

    /// The names that `CheckOutput.parser` takes.
    public static var parserNames: [String] { parsers.map { $0.name } }

    /// Reads an output. Total: any bytes give a result, in time linear in their number.
    ///
    /// - Parameters:
    ///   - sourceLine: the text of a line (from 1) of a file of the workspace, without its line break; nil when there
    ///     is no such file or line. Used to place columns, to tell files apart and in fingerprints.
    ///   - filesNamed: the files of the workspace, relative to it, whose path ends in these components. Some test
    ///     runners name a file by its last component only.
    public static func parse(
        _ output: CheckOutput,
        sourceLine: (_ path: String, _ line: Int) -> String?,
        filesNamed: (_ suffix: String) -> [String] = { _ in [] }
    ) -> ParsedOutput {
        withoutActuallyEscaping(sourceLine) { sourceLine in
            withoutActuallyEscaping(filesNamed) { filesNamed in
                read(output, source: WorkspaceSource(line: sourceLine, filesNamed: filesNamed))
            }
        }
    }

    /// - Parameter asksAll: ask each parser about every line, even those whose shape tells it that they are not its own.
    ///   That must not change the result; tests see to it.
    static func read(_ output: CheckOutput, source: WorkspaceSource, asksAll: Bool = false) -> ParsedOutput {
        let reports = self.reports(output)
        let texts = (reports + [output.stdout, output.stderr]).map { OutputText.clean($0) }
        let survey = OutputSurvey(texts: texts)
        let resolver = PathResolver(
            root: output.workspaceRoot, workingDirectory: output.workingDirectory, survey: survey, source: source)
        var collector = FindingCollector(resolver: resolver)
        // A report says by itself what it is, whatever the output is read with.
        let isChosen = output.parser != nil
        var parsers = chosen(for: output, survey: survey, isReport: isChosen && !reports.isEmpty)
        var leftover = Leftover()
        for (index, text) in texts.enumerated() {
            let isReport = index < reports.count
            if isChosen, index == reports.count { parsers = chosen(for: output, survey: survey) }
            collector.beginStream(isReport: isReport)
            var cursor = OutputCursor(text: text)
            while !cursor.isAtEnd {
                // Blank lines mean nothing to anyone, and an output may hold millions.
                if cursor.shape.isBlank {
                    leftover.append(cursor)
                    cursor.advance()
                } else if collector.resolver.directories.take(cursor.line) {
                    cursor.advance()
                } else if !takeOnce(&parsers, &cursor, &collector, asksAll: asksAll) {
                    // A report is for programs; the model reads the output.
                    if !isReport { leftover.append(cursor) }
                    cursor.advance()
                }
            }
            for index in parsers.indices {
                collector.currentParser = parsers[index].label
                parsers[index].finish(into: &collector)
            }
            collector.endStream()
        }
        var parsersUsed: [String] = []
        let diagnostics = collector.shown.map { finding in
            if !parsersUsed.contains(finding.parser) { parsersUsed.append(finding.parser) }
            return FindingConversion(finding: finding, source: source).diagnostic
        }
        return ParsedOutput(
            diagnostics: diagnostics, unparsed: leftover.text, parsersUsed: parsersUsed,
            tests: collector.tests.results)
    }

    /// The report files within the limits, as streams of their own.
    private static func reports(_ output: CheckOutput) -> [[UInt8]] {
        var room = DiagnosticLimits.reportBytes
        return output.reports.prefix(DiagnosticLimits.reports).compactMap { report in
            room -= report.bytes.count
            return room >= 0 ? report.bytes : nil
        }
    }

    private static func takeOnce(
        _ parsers: inout [any DiagnosticParser], _ cursor: inout OutputCursor, _ collector: inout FindingCollector,
        asksAll: Bool
    ) -> Bool {
        let before = cursor.position
        // In place: a parser taken out of the array would be copied, for every line.
        return parsers.withUnsafeMutableBufferPointer { parsers in
            for index in parsers.indices where asksAll || parsers[index].mightTake(cursor.shape) {
                collector.currentParser = parsers[index].label
                guard parsers[index].take(&cursor, into: &collector) else { continue }
                // A parser that takes a line without moving would be asked about it for ever.
                if cursor.position == before { cursor.advance() }
                return true
            }
            return false
        }
    }

    private static func chosen(
        for output: CheckOutput, survey: OutputSurvey, isReport: Bool = false
    ) -> [any DiagnosticParser] {
        let programs = CommandWords.programs(of: output.command)
        func make(_ type: any DiagnosticParser.Type, expected: Bool) -> any DiagnosticParser {
            type.init(ParserSetting(programs: programs, isExpected: expected, survey: survey))
        }
        let tool = programs.last ?? "check"
        var output = output
        if isReport { output.parser = nil }
        if let named = output.configuredParsers.first(where: { $0.name == output.parser }),
            let parser = try? named.parser(tool: tool)
        {
            return [parser]
        }
        if let name = output.parser, let forced = parsers.first(where: { $0.name == name }) {
            return [make(forced, expected: true)] + forced.companions.map { make($0, expected: false) }
        }
        let configured = output.configuredParsers.prefix(mostConfigured).compactMap { try? $0.parser(tool: tool) }
        let expected = parsers.filter { $0.recognises(command: output.command) }
        let others = parsers.filter { !$0.recognises(command: output.command) }
        return configured + expected.map { make($0, expected: true) } + others.map { make($0, expected: false) }
    }
}

/// Reads the workspace's files for the parsers.
struct WorkspaceSource {
    var line: (_ path: String, _ line: Int) -> String?
    var filesNamed: (_ suffix: String) -> [String]
}
