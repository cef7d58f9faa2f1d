/// What a tool call would do, in the form that rules are matched against.
public struct PolicyAction: Sendable, Equatable {
    /// Name of the tool.
    public var tool: String
    public var subject: Subject

    public enum Subject: Sendable, Equatable {
        /// Nothing that a pattern could match.
        case none
        /// A path relative to the workspace, normalised: no `.`, `..`, empty part or leading `/`.
        case path(String)
        /// An argument vector.
        case arguments([String])
        /// A command line for a shell. A pattern on it makes clearer questions; it is no boundary: the sandbox is.
        case commandLine(String)
    }

    public init(tool: String, subject: Subject) {
        self.tool = tool
        self.subject = subject
    }
}
