/// A check, and what must be there for it to be run.
public struct DetectedCheck: Sendable, Equatable {
    public var definition: CheckDefinition
    /// A program that not every machine has that builds such a project: without it there is no such check. Nil: a
    /// failure to start is a failure of the check.
    public var program: String?

    public init(_ definition: CheckDefinition, program: String? = nil) {
        self.definition = definition
        self.program = program
    }
}
