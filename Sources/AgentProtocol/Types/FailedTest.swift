/// What a test runner told of a failed test, beyond the message.
public struct FailedTest: Codable, Sendable, Hashable {
    /// As the runner prints it and takes it back: `tests/test_a.py::test_one`, `Suite/testOne()`.
    public var name: String
    /// The value that the assertion wanted, as the runner prints it.
    public var expected: String?
    /// The value that it got.
    public var actual: String?
    /// The calls that led there, the innermost first.
    public var stack: [RelatedLocation]?

    public init(name: String, expected: String? = nil, actual: String? = nil, stack: [RelatedLocation]? = nil) {
        self.name = name
        self.expected = expected
        self.actual = actual
        self.stack = stack
    }
}
