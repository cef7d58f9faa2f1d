import AgentProtocol
import JSON
import Models
import Policy
import Store

/// Something that the model can do in the sandbox.
protocol Tool: Sendable {
    /// What the model is offered; the name is the name that policy rules use.
    var definition: ToolDefinition { get }
    /// Tools that change files are not offered in plan mode and run one after the other.
    var effect: ToolEffect { get }
    /// Checks the arguments and says exactly what would be done, without doing it.
    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall
}

/// What a tool may do to the workspace.
enum ToolEffect: Sendable {
    case reads
    /// Runs a program, which may change anything in the workspace.
    case runs
    case edits
}

/// A call whose arguments are valid.
struct PreparedCall: Sendable {
    /// One line for people.
    var title: String
    /// What policy decides on.
    var action: PolicyAction
    /// The exact command, for approvals.
    var command: String?
    /// The exact change, for approvals.
    var preview: (@Sendable () async throws -> String?)?
    var run: @Sendable (_ itemId: String) async throws -> ToolOutcome
}

/// What a tool call gave.
struct ToolOutcome: Sendable {
    /// What the model reads.
    var text: String
    var isError = false
    /// What the model looks at, after the text.
    var images: [ImageContent] = []
    var command: CommandResult?
    /// What is to be kept together with the call's end.
    var keeping: [KeptChange] = []
    /// The call's command goes on in the background: where its output stands is still needed.
    var goesOn = false
}

/// A call that cannot be done: the text tells the model what to do instead.
struct ToolFailure: Error, Sendable, CustomStringConvertible {
    var text: String

    init(_ text: String) { self.text = text }

    var description: String { text }
}
