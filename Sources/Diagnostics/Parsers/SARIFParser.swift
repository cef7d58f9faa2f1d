import AgentProtocol
import JSON

/// SARIF 2.1.0 (OASIS), as Clang, newer GCCs, ruff and many analysers write it, among other text or alone.
struct SARIFParser: DiagnosticParser {
    static let name = "sarif"

    static func recognises(command: [String]) -> Bool {
        command.contains { $0.utf8.count < 4096 && $0.lowercased()[...].has("sarif") }
    }

    init(_ setting: ParserSetting) {}

    func mightTake(_ shape: LineShape) -> Bool { shape.first == UInt8(ascii: "{") && shape.opensJSON }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard cursor.line.begins("{") else { return false }
        let start = cursor.line.droppingBytes(1).trimmed
        guard start.isEmpty || start.begins("\"") else { return false }
        let log = cursor.takeJSON { $0["runs"]?.arrayValue != nil && ($0["version"] != nil || $0["$schema"] != nil) }
        guard let runs = log?["runs"]?.arrayValue else { return false }
        for run in runs {
            var reader = SARIFRun(run)
            reader.read(into: &collector)
        }
        collector.endFinding()
        return true
    }
}
