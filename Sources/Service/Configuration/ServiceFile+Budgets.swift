import Agent
import AgentProtocol
import JSON
import ProjectConfiguration

/// `budgets:` of the ``ServiceFile``: what may be spent on models. What is not named has no limit of its own.
///
/// ```yaml
/// budgets:
///   turn: {tokens: 2000000, dollars: 5, steps: 50, seconds: 1800}
///   session: {dollars: 20}
///   user: {day: {dollars: 50, seconds: 36000}, month: {dollars: 500}}
///   organisation: {month: {dollars: 10000}}
/// ```
/// Dollars count as far as models have prices in models.yaml; seconds are time at work, which stands still while a person
/// is asked; steps are answers in the loops of sessions. Days and months are those of UTC.
public struct BudgetSettings: Sendable, Equatable, ServiceFileSection {
    public var limits = BudgetLimits()

    private static let mostTokens = 1_000_000_000_000
    /// A month of a thousand sessions side by side.
    private static let mostSeconds = 1000 * 31 * 86_400
    private static let mostSteps = 1_000_000_000
    private static let mostDollars = 1_000_000_000.0

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["turn", "session", "user", "organisation"])
        for (key, scope) in [("turn", BudgetScope.turn), ("session", .session)] {
            guard let value = members[key] else { continue }
            limits.scopes[scope] = try Self.limit(value, at: path[key], reader)
        }
        for (key, day, month) in [
            ("user", BudgetScope.userDay, BudgetScope.userMonth),
            ("organisation", .organisationDay, .organisationMonth),
        ] {
            guard let value = members[key] else { continue }
            let periods = try reader.object(value, at: path[key], keys: ["day", "month"])
            if let value = periods["day"] { limits.scopes[day] = try Self.limit(value, at: path[key]["day"], reader) }
            if let value = periods["month"] {
                limits.scopes[month] = try Self.limit(value, at: path[key]["month"], reader)
            }
        }
    }

    private static func limit(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> BudgetLimits.Limit {
        let members = try reader.object(value, at: path, keys: ["tokens", "dollars", "seconds", "steps"])
        var limit = BudgetLimits.Limit()
        if let tokens = members["tokens"] {
            limit.tokens = try reader.integer(tokens, at: path["tokens"], within: 0...mostTokens)
        }
        if let seconds = members["seconds"] {
            limit.seconds = try reader.integer(seconds, at: path["seconds"], within: 0...mostSeconds)
        }
        if let steps = members["steps"] {
            limit.steps = try reader.integer(steps, at: path["steps"], within: 0...mostSteps)
        }
        if let dollars = members["dollars"] {
            guard let amount = dollars.doubleValue, (0...mostDollars).contains(amount) else {
                throw reader.error(at: path["dollars"], "\(path["dollars"]) must be an amount of dollars, such as 2.5")
            }
            limit.costMicros = Int((amount * 1_000_000).rounded())
        }
        return limit
    }
}
