import AgentProtocol
import Diagnostics
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One run of a tool on a folder of sources, from `PlantedFaults/runs.json`.
struct PlantedRun {
    var name: String
    /// The parser that it tries, which is the row of the table.
    var row: String
    /// The tool and its version when the output was recorded.
    var recorded: String
    var sources: [String: String]
    var command: String
    var isReport: Bool
    /// Whether another run is of the same tests; in one output they would count once.
    var isAgain: Bool
    var faults: [PlantedFault]
    /// For a tool that has no parser here.
    var configured: ConfiguredParser.Definition?

    init?(_ run: JSON) {
        guard let name = run["name"]?.stringValue, let row = run["row"]?.stringValue,
            let set = run["set"]?.stringValue, let labels = run["faults"]?.stringValue,
            let command = run["command"]?.stringValue
        else { return nil }
        self.name = name
        self.row = row
        self.command = command
        recorded = run["recorded"]?.stringValue ?? ""
        isReport = run["report"] != nil
        if let patterns = run["errorformat"]?.arrayValue {
            configured = .errorformat(patterns.compactMap(\.stringValue))
        } else if let matcher = run["problemMatcher"] {
            configured = .problemMatcher(matcher)
        }
        isAgain = run["again"]?.boolValue == true
        let folder = "\(PlantedFaults.folder)/sources/\(set)"
        sources = Self.files(in: folder)
        let wanted = Set(labels.split(separator: " ").map { String($0) })
        faults = sources.sorted { $0.key < $1.key }.flatMap { path, text in
            PlantedFault.marks(in: text, path: path, labels: wanted)
        }
    }

    /// Parses what was recorded, by the command that wrote it.
    func parsed(_ change: ([UInt8]) -> [UInt8] = { $0 }) -> ParsedOutput {
        let output = change(readFile("\(PlantedFaults.folder)/outputs/\(name)") ?? [])
        let workspace = Workspace(files: sources)
        return DiagnosticParsing.parse(
            CheckOutput(
                command: ["sh", "-c", command], stdout: isReport ? [] : output, stderr: [], workingDirectory: "/src",
                workspaceRoot: "/src", reports: isReport ? [.init(path: "build/\(name)", bytes: output)] : [],
                configuredParsers: configured.map { [ConfiguredParser(name: name, definition: $0)] } ?? []),
            sourceLine: workspace.line, filesNamed: workspace.files)
    }

    /// What was found of what was planted, and what is wrong with the rest, in words.
    func score() -> (PlantedFaults.Score, [String]) { Self.score(faults, parsed(), name: name) }

    static func score(
        _ faults: [PlantedFault], _ output: ParsedOutput, name: String
    ) -> (PlantedFaults.Score, [String]) {
        var score = PlantedFaults.Score(planted: faults.count)
        var open = faults
        var words: [String] = []
        for diagnostic in output.diagnostics {
            if let index = open.firstIndex(where: { $0.isToldBy(diagnostic) }) {
                open.remove(at: index)
                score.found += 1
            } else {
                score.invented += 1
                words.append("\(name): invented: \(brief(diagnostic))")
            }
        }
        return (score, words + open.map { "\(name): missed: \($0)" })
    }

    /// All outputs one after the other, each from a folder of its own, as a `make` that runs every tool would write
    /// them: nothing but the lines themselves tells whose they are.
    static func together(_ runs: [PlantedRun]) -> (PlantedFaults.Score, [String]) {
        var text = ""
        var files: [String: String] = [:]
        var faults: [PlantedFault] = []
        for run in runs where !run.isReport && !run.isAgain && run.configured == nil {
            let folder = "/src/\(run.name)"
            let output = String(decoding: readFile("\(PlantedFaults.folder)/outputs/\(run.name)") ?? [], as: UTF8.self)
            text += "make[1]: Entering directory '\(folder)'\n"
            text += output[...].components(by: "/src/").joined(separator: folder + "/")
            text += "\nmake[1]: Leaving directory '\(folder)'\n"
            for (path, source) in run.sources { files["\(run.name)/\(path)"] = source }
            for var fault in run.faults {
                if !fault.path.isEmpty { fault.path = "\(run.name)/\(fault.path)" }
                // What has no place is told once, however many runs tell of it.
                if !faults.contains(fault) || !fault.path.isEmpty { faults.append(fault) }
            }
        }
        return score(faults, parse(text, command: ["make"], files: files), name: "all")
    }

    /// The text files below a folder, by their path in it.
    private static func files(in folder: String, below prefix: String = "") -> [String: String] {
        guard let directory = opendir("\(folder)/\(prefix)") else { return [:] }
        defer { closedir(directory) }
        var files: [String: String] = [:]
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) {
                files.merge(Self.files(in: folder, below: "\(prefix)\(name)/")) { first, _ in first }
            } else {
                files[prefix + name] = readFile("\(folder)/\(prefix)\(name)").map {
                    String(decoding: $0, as: UTF8.self)
                }
            }
        }
        return files
    }
}

extension PlantedFault {
    /// `PLANTED(gcc,clang) warning -Wunused`, once or more in a line; `PLANTED-1` and `PLANTED+2` speak of a line
    /// before and after, `PLANTED@file` of no line, `PLANTED@none` of no file either. See `PlantedFaults/README.md`.
    static func marks(in text: String, path: String, labels: Set<String>) -> [PlantedFault] {
        var faults: [PlantedFault] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            // Each mark goes on to the next one or to the end of the comment.
            for mark in line[...].components(by: "PLANTED").dropFirst() {
                guard let (head, rest) = mark.split(at: "("), let (labelled, text) = rest.split(at: ") ") else {
                    continue
                }
                let words = text.split(separator: " ", maxSplits: 1)
                guard words.count == 2,
                    !labels.isDisjoint(with: labelled.split(separator: ",").map { String($0) })
                else { continue }
                var wanted = words[1]
                for end in ["*/", "-->"] { wanted = wanted.components(by: end)[0] }
                while wanted.utf8.last == 0x20 { wanted = wanted.dropLast() }
                faults.append(
                    PlantedFault(
                        path: head == "@none" ? "" : path,
                        line: head.hasPrefix("@") ? nil : index + 1 + (Int(head) ?? 0),
                        severity: String(words[0]), words: String(wanted)))
            }
        }
        return faults
    }
}

extension Substring {
    fileprivate func split(at separator: String) -> (Substring, Substring)? {
        let parts = components(by: separator)
        return parts.count > 1 ? (parts[0], self[parts[1].startIndex...]) : nil
    }

    /// The parts between the places of a text.
    fileprivate func components(by separator: String) -> [Substring] {
        var parts: [Substring] = []
        var start = startIndex
        var index = startIndex
        while index < endIndex {
            if self[index...].utf8.starts(with: separator.utf8) {
                parts.append(self[start..<index])
                index = utf8.index(index, offsetBy: separator.utf8.count)
                start = index
            } else {
                index = utf8.index(after: index)
            }
        }
        return parts + [self[start...]]
    }
}
