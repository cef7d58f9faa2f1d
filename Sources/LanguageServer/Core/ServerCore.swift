import AgentProtocol
import JSON
import JSONRPC
import ServiceClient

/// All state of the language server, and its verbs. What happens in order happens on this actor; what waits for the
/// editor or the service leaves it free meanwhile, so state is read again after each wait.
actor ServerCore {
    let environment: LanguageServerEnvironment
    let makeService: LanguageServer.MakeService
    nonisolated let lifecycle = Lifecycle()
    nonisolated let outbox = EditorOutbox()

    var connection: Connection?
    var features = ClientFeatures()
    var settings = LanguageServerSettings()
    /// Absolute paths.
    var folders: [String] = []
    var trace = "off"
    var documents = DocumentStore()

    var service: (any AgentServiceConnection)?
    /// Troubles with the service that the user has been told about, until it works again.
    var shownTroubles: Set<String> = []
    /// The user was told that the connection is broken.
    var isAway = false

    /// Made with the first commit.
    var receiver: StepReceiver?

    var sessions = SessionRegistry()
    /// Sessions whose first events are in while the answer to `agent/attach`, which tells their folder, is not.
    var earlyEvents: [String: [AgentProgress.Params]] = [:]
    /// Sessions whose state the user has seen: what comes now is news.
    var caughtUp: Set<String> = []
    var board = DiagnosticBoard()
    /// By session.
    var texts: [String: SessionTexts] = [:]
    /// The board's entries made ready for the client, by absolute path.
    var prepared: [String: [DiagnosticTranslator.Prepared]] = [:]
    /// Files with a diagnostic that points into another one, by the absolute path of that one.
    var mentions: [String: Set<String>] = [:]
    /// What stands in the editor, by absolute path.
    var published: [String: LSP.PublishDiagnostics.Params] = [:]
    var transcripts: [String: Transcript] = [:]
    var transcriptless: Set<String> = []
    /// By token.
    var tickets: [String: ProgressTicket] = [:]
    var tokenOfSession: [String: String] = [:]
    var sessionOfToken: [String: String] = [:]
    /// Of the upload that is under way.
    var uploadToken: String?
    var lastToken = 0
    /// Busy sessions that were announced with a message, where there is no progress to show.
    var announced: Set<String> = []
    var applying: Set<String> = []

    var mapper: PositionMapper { PositionMapper(encoding: features.encoding) }

    init(environment: LanguageServerEnvironment, makeService: @escaping LanguageServer.MakeService) {
        self.environment = environment
        self.makeService = makeService
    }

    func connect(_ connection: Connection) { self.connection = connection }

    /// The connection has ended: the service is let go, sessions go on there.
    func close() async {
        let service = service
        self.service = nil
        outbox.finish()
        await service?.close()
    }

    nonisolated func observe(_ event: ConnectionEvent) { environment.log("\(event)") }
}

// MARK: Messages to the user

extension ServerCore {
    func notify<N: NotificationType & SendableMetatype>(_ type: N.Type, _ params: N.Params) async {
        await outbox.send(type, params)
    }

    func showMessage(_ type: LSP.MessageType, _ text: String) async {
        await notify(LSP.ShowMessage.self, .init(type: type, message: "Cofferdam\(text)"))
    }

    /// A message about a session, named so that several are told apart.
    func showMessage(_ type: LSP.MessageType, session: String, _ text: String) async {
        await showMessage(type, " (\(sessions.shortName(session))): \(text)")
    }

    func traceMessage(_ text: String) async {
        guard trace != "off" else { return }
        await notify(LSP.LogTrace.self, .init(message: text))
    }
}
