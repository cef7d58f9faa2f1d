/// The commands of `workspace/executeCommand`.
enum CommandName: String, Sendable, CaseIterable {
    case start = "cofferdam.start"
    case fixDiagnostics = "cofferdam.fixDiagnostics"
    case prompt = "cofferdam.prompt"
    case approve = "cofferdam.approve"
    case reject = "cofferdam.reject"
    case cancel = "cofferdam.cancel"
    case stop = "cofferdam.stop"
    case apply = "cofferdam.apply"
    case undo = "cofferdam.undo"
    case showTranscript = "cofferdam.showTranscript"
    case list = "cofferdam.list"
    case attach = "cofferdam.attach"
    case fork = "cofferdam.fork"
    case restore = "cofferdam.restore"
}
