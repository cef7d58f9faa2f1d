import AgentProtocol
import Diagnostics
import JSON

/// The runs of tools on sources with planted faults, and how well they are read.
enum PlantedFaults {
    static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    static let folder = "\(repository)/Tests/DiagnosticsTests/PlantedFaults"

    enum Failure: Error { case noRuns }

    /// What one row of the table counts.
    struct Score: Equatable {
        var planted = 0
        var found = 0
        var invented = 0
        var missed: Int { planted - found }
    }

    struct Row {
        var parser: String
        var tools: [String] = []
        var runs = 0
        var score = Score()
        /// What is wrong, for people.
        var faults: [String] = []
    }

    static func runs() throws -> [PlantedRun] {
        let bytes = readFile("\(folder)/runs.json") ?? []
        guard let runs = try JSON(parsing: bytes).arrayValue else { throw Failure.noRuns }
        return runs.compactMap { PlantedRun($0) }
    }

    /// A row for each parser, in the order of the runs.
    static func rows() throws -> [Row] {
        var rows: [Row] = []
        for run in try runs() {
            let index = rows.firstIndex { $0.parser == run.row } ?? rows.endIndex
            if index == rows.endIndex { rows.append(Row(parser: run.row)) }
            let (score, faults) = run.score()
            if !rows[index].tools.contains(run.recorded) { rows[index].tools.append(run.recorded) }
            rows[index].runs += 1
            rows[index].score.planted += score.planted
            rows[index].score.found += score.found
            rows[index].score.invented += score.invented
            rows[index].faults += faults
        }
        return rows
    }

    /// Its lines.
    static func table(_ rows: [Row], together: Score) -> [String] {
        var lines = [
            "| parser | tools | runs | planted | found | missed | invented |", "|---|---|---|---|---|---|---|",
        ]
        var total = Row(parser: "all")
        for row in rows {
            lines.append(line("`\(row.parser)`", row))
            total.runs += row.runs
            total.score.planted += row.score.planted
            total.score.found += row.score.found
            total.score.invented += row.score.invented
        }
        lines.append(line("the text of all, as one output of `make`", Row(parser: "", runs: 1, score: together)))
        lines.append(line("all", total))
        return lines
    }

    private static func line(_ name: String, _ row: Row) -> String {
        let score = row.score
        let tools = row.tools.joined(separator: ", ")
        return
            "| \(name) | \(tools) | \(row.runs) | \(score.planted) | \(score.found) | \(score.missed) | \(score.invented) |"
    }
}

/// A fault as a mark in a source tells of it.
struct PlantedFault: Equatable {
    /// Relative to the workspace; empty when the tool names no file.
    var path: String
    var line: Int?
    var severity: String
    /// What the code, the test's name or the message must contain; `-` for anything.
    var words: String

    func isToldBy(_ diagnostic: Diagnostic) -> Bool {
        guard diagnostic.path == path, line == nil || diagnostic.range?.startLine == line,
            diagnostic.severity.rawValue == severity
        else { return false }
        return words == "-"
            || [diagnostic.code, diagnostic.test?.name, diagnostic.message].contains { $0?.contains(words) == true }
    }
}
