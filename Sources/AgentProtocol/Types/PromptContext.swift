/// What the user was looking at when asking.
public struct PromptContext: Codable, Sendable, Equatable {
    public var selections: [Selection]?
    public var diagnostics: [Diagnostic]?

    public init(selections: [Selection]? = nil, diagnostics: [Diagnostic]? = nil) {
        self.selections = selections
        self.diagnostics = diagnostics
    }
}
