import AgentProtocol
import JSONRPC
import Sandbox

extension SessionManager {
    /// Rows of an answer.
    private static let mostUsageRows = 10_000

    public func usage(_ params: AgentUsage.Params) async throws -> AgentUsage.Result {
        for day in [params.since, params.until].compactMap({ $0 }) {
            guard Self.isDay(day) else { throw invalid("`\(day.prefix(40))` is no day; write YYYY-MM-DD") }
        }
        let (store, groups) = (store, params.by ?? [])
        let rows = try await Background.run {
            try store.usage(
                by: groups, since: params.since, until: params.until, user: params.user,
                limit: Self.mostUsageRows + 1)
        }
        return AgentUsage.Result(
            rows: Array(rows.prefix(Self.mostUsageRows)), truncated: rows.count > Self.mostUsageRows ? true : nil)
    }

    private static func isDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D }),
            let month = Int(parts[1]), let day = Int(parts[2])
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }
}
