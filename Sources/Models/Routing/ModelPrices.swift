/// What a model costs, each in millionths of a US dollar per million tokens: 3 $ is 3 000 000.
public struct ModelPrices: Sendable, Equatable, Codable {
    /// Input tokens that the prompt cache has no part in.
    public var input: Int
    /// Output tokens, reasoning included.
    public var output: Int
    /// Input tokens that are read from the prompt cache.
    public var cacheRead: Int
    /// Input tokens that are written to the prompt cache.
    public var cacheWrite: Int

    public init(input: Int, output: Int, cacheRead: Int, cacheWrite: Int) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
    }

    /// What `usage` costs, in millionths of a US dollar, rounded up; `Int.max` when it is more than that.
    public func cost(of usage: ModelUsage) -> Int {
        let parts = [
            (usage.input, input), (usage.output, output), (usage.cacheRead, cacheRead),
            (usage.cacheWrite, cacheWrite),
        ]
        // Four products of two 63-bit numbers: 128 bits hold their sum.
        let sum = parts.reduce(UInt128(0)) { $0 + UInt128(max(0, $1.0)) * UInt128(max(0, $1.1)) }
        return Int(clamping: (sum + 999_999) / 1_000_000)
    }
}
