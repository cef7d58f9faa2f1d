/// How many tests a check ran.
public struct TestCounts: Codable, Sendable, Hashable {
    public var passed: Int
    public var failed: Int
    /// Not run although they are there: skipped, ignored, disabled, or expected to fail.
    public var skipped: Int

    public init(passed: Int = 0, failed: Int = 0, skipped: Int = 0) {
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
    }

    /// All that the runner knows of.
    public var total: Int { passed + failed + skipped }
}
