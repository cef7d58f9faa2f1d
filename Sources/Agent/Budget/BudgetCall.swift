import Models

/// A request under way, and what it will have taken, as far as that can be known before the provider counts it.
struct BudgetCall: Sendable {
    /// An answer of the session's own loop: a step.
    let isLoop: Bool
    /// The model that is asked, as models.yaml names it.
    var model: String?
    var prices: ModelPrices?
    /// What counts of the input: tokens, and millionths of a US dollar.
    var input: Spending
    /// Tokens of the request, estimated from its length.
    let estimate: Int
    /// Bytes that were said in this attempt.
    var outputBytes = 0
    /// Its place among those of all sessions.
    var reservation: Int?
    /// What there was for it when that was looked at last; nil: no limit.
    var room = Room()
    /// Tokens that it had when its room was looked at last.
    var lookedAt = 0

    struct Room: Sendable {
        var tokens: Int?
        var costMicros: Int?
    }

    /// What earlier answers of a model took for each token of the estimate: the cache makes most of the input cheap.
    struct Calibration: Sendable {
        var tokens: Double
        var costMicros: Double

        init?(_ response: ModelResponse, estimate: Int, prices: ModelPrices?) {
            guard estimate > 0, response.usage.totalInput > 0 else { return nil }
            var input = response.usage
            input.output = 0
            tokens = Double(input.totalInput) / Double(estimate)
            costMicros = Double(prices?.cost(of: input) ?? 0) / Double(estimate)
        }
    }

    init(estimate: Int, isLoop: Bool, _ model: NamedModel?, _ calibration: Calibration?) {
        self.isLoop = isLoop
        self.estimate = estimate
        input = Spending()
        ask(model, calibration)
    }

    /// Begins an attempt.
    mutating func ask(_ model: NamedModel?, _ calibration: Calibration?) {
        self.model = model?.name
        prices = model?.prices
        outputBytes = 0
        lookedAt = 0
        if let calibration {
            input.tokens = Self.whole(calibration.tokens * Double(estimate))
            input.costMicros = prices == nil ? 0 : Self.whole(calibration.costMicros * Double(estimate))
        } else {
            input.tokens = estimate
            input.costMicros = prices?.cost(of: ModelUsage(input: estimate)) ?? 0
        }
    }

    private static func whole(_ value: Double) -> Int { Int(exactly: value.rounded(.up)) ?? .max }

    /// Bytes of a token of output, as ``TokenEstimate`` counts.
    private static let bytesOfToken = 4

    private var output: ModelUsage { ModelUsage(output: (outputBytes + Self.bytesOfToken - 1) / Self.bytesOfToken) }

    /// What it has taken so far.
    var amount: Spending {
        input + Spending(tokens: output.output, costMicros: prices?.cost(of: output) ?? 0)
    }

    /// The same by its parts.
    var usage: ModelUsage { ModelUsage(input: input.tokens, output: output.output) }

    var isPastItsRoom: Bool {
        let amount = amount
        return room.tokens.map { amount.tokens > $0 } ?? false
            || room.costMicros.map { amount.costMicros > $0 } ?? false
    }
}
