import AgentProtocol
import ArgumentParser
import JSON

extension UsageGroup: ExpressibleByArgument {}

struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Sum the tokens and the money that models took.",
        discussion: "Sessions that were removed count. Money is counted where models.yaml has a model's prices.")

    @Option(name: .customLong("by"), help: "What to sum by, more than once for several; default model.")
    var groups: [UsageGroup] = []
    @Option(help: ArgumentHelp("The first day (UTC).", valueName: "YYYY-MM-DD"))
    var since: String?
    @Option(help: ArgumentHelp("The last day.", valueName: "YYYY-MM-DD"))
    var until: String?
    @Option(help: "Only of this user.")
    var user: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await ServiceSession.with { service in
            let by = groups.isEmpty ? [.model] : groups
            let usage = try await service.client.call(
                AgentUsage.self, AgentUsage.Params(by: by, since: since, until: until, user: user))
            if json { return Terminal.line(try JSONCoder.encode(usage).text) }
            guard !usage.rows.isEmpty else { return Terminal.line("no model has answered") }
            for line in UsageTable.lines(usage.rows, by) { Terminal.line(line) }
            if usage.truncated == true { Terminal.line("there are more rows; sum by less or take fewer days") }
        }
    }
}

/// Rows of usage as aligned columns, with a sum at the end.
enum UsageTable {
    static func lines(_ rows: [UsageRow], _ by: [UsageGroup]) -> [String] {
        let groups = UsageGroup.allCases.filter(by.contains)
        var total = UsageRow()
        for row in rows { total.add(row) }
        let head = groups.map(\.rawValue) + ["answers", "input", "cached", "output", "cost"]
        let body = rows.map { row in groups.map { row.name($0) } + numbers(row) }
        let sum = groups.indices.map { $0 == 0 ? "all" : "" } + numbers(total)
        let table = [head] + body + (rows.count > 1 ? [sum] : [])
        let widths = head.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { cells in
            cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < groups.count ? cell + space : space + cell
            }.joined(separator: "  ")
        }
    }

    private static func numbers(_ row: UsageRow) -> [String] {
        let tokens = row.tokens
        return [
            "\(row.answers)", "\(tokens.inputTokens + tokens.cacheWriteTokens)", "\(tokens.cacheReadTokens)",
            "\(tokens.outputTokens)", cost(row),
        ]
    }

    private static func cost(_ row: UsageRow) -> String {
        if row.unpriced == row.answers { return "no prices" }
        // Money is rounded up: what was spent is never shown as nothing.
        let cents = row.costMicros / 10_000 + (row.costMicros % 10_000 > 0 ? 1 : 0)
        let text = "$\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
        return row.unpriced > 0 ? "> \(text)" : text
    }
}

extension UsageRow {
    fileprivate func name(_ group: UsageGroup) -> String {
        let text =
            switch group {
            case .user: user
            case .repository: repository
            case .model: model
            case .day: day
            }
        return Terminal.harmless(text.map { $0.isEmpty ? "-" : $0 } ?? "")
    }

    fileprivate mutating func add(_ other: UsageRow) {
        answers += other.answers
        tokens.inputTokens += other.tokens.inputTokens
        tokens.outputTokens += other.tokens.outputTokens
        tokens.cacheReadTokens += other.tokens.cacheReadTokens
        tokens.cacheWriteTokens += other.tokens.cacheWriteTokens
        costMicros += other.costMicros
        unpriced += other.unpriced
    }
}
