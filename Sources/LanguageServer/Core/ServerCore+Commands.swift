import AgentProtocol
import JSON
import JSONRPC

extension ServerCore {
    /// `workspace/executeCommand`.
    func execute(_ params: LSP.ExecuteCommand.Params) async throws -> JSON {
        guard let command = CommandName(rawValue: params.command) else {
            let name = DisplayText.exact(params.command, limit: 80)
            throw ResponseError(code: .invalidParams, message: "unknown command \(name)")
        }
        let arguments = try Self.arguments(params)
        switch command {
        case .start: return try JSONCoder.encode(try await startCommand(arguments))
        case .fixDiagnostics: return try JSONCoder.encode(try await fixDiagnostics(arguments))
        case .prompt:
            let text = try Self.required(arguments.text ?? arguments.prompt, "text")
            let id = try session(arguments, among: { $0.isLive }, "no session takes prompts")
            return try JSONCoder.encode(
                try await prompt(.init(sessionId: id, text: text, delivery: arguments.delivery, model: arguments.model))
            )
        case .approve: return try await answer(arguments, arguments.decision ?? .allowOnce)
        case .reject: return try await answer(arguments, .reject)
        case .cancel:
            try await cancel(try session(arguments, among: { $0.isBusy }, "no session is at work"))
            return .null
        case .stop:
            let id = try session(arguments, among: { $0.isLive }, "no session is alive")
            _ = try await call(AgentStop.self, SessionReference(sessionId: id))
            return .null
        case .apply:
            let id = try session(arguments, among: { $0.hasResult }, "no session has a result to apply")
            return try JSONCoder.encode(
                try await apply(.init(sessionId: id, paths: arguments.paths, hunks: arguments.hunks)))
        case .undo:
            return try JSONCoder.encode(
                try await undo(.init(sessionId: arguments.sessionId, workspaceFolder: arguments.workspaceFolder)))
        case .showTranscript:
            let id = try session(arguments, among: { _ in true }, "there is no session")
            let path = try transcriptPath(id)
            await showTranscript(id)
            return ["path": .string(path)]
        case .list:
            return try JSONCoder.encode(
                try await call(AgentList.self, .init(workspaceFolder: arguments.workspaceFolder)))
        case .attach:
            let id = try Self.required(arguments.sessionId, "sessionId")
            return try JSONCoder.encode(try await attach(.init(sessionId: id)))
        case .fork:
            let id = try session(arguments, among: { $0.isLive }, "no session is alive")
            return try JSONCoder.encode(
                try await fork(
                    .init(sessionId: id, step: arguments.step, prompt: arguments.prompt ?? arguments.text)))
        case .restore:
            let id = try session(arguments, among: { $0.isLive }, "no session is alive")
            guard let step = arguments.step else {
                throw ResponseError(code: .invalidParams, message: "step is missing")
            }
            return try JSONCoder.encode(try await call(AgentRestore.self, .init(sessionId: id, step: step)))
        }
    }

    private static func arguments(_ params: LSP.ExecuteCommand.Params) throws -> CommandArguments {
        guard let first = params.arguments?.first, !first.isNull else { return CommandArguments() }
        guard params.arguments?.count == 1, first.objectValue != nil || first.arrayValue?.isEmpty == true else {
            throw ResponseError(
                code: .invalidParams, message: "\(params.command) takes one object as its only argument")
        }
        do {
            return try JSONCoder.decode(CommandArguments.self, from: first.objectValue == nil ? [:] : first)
        } catch {
            let path = "$.params.arguments[0]" + error.path.dropFirst()
            throw JSONDecodingError(path: path, message: error.message)
        }
    }

    private static func required(_ value: String?, _ name: String) throws(ResponseError) -> String {
        guard let value, !value.allSatisfy(\.isWhitespace) else {
            throw ResponseError(code: .invalidParams, message: "\(name) is missing")
        }
        return value
    }

    // MARK: Starting

    private func startCommand(_ arguments: CommandArguments) async throws -> AgentStart.Result {
        let prompt = try Self.required(arguments.prompt ?? arguments.text, "prompt")
        var context: JSON = [:]
        if let uri = arguments.uri {
            if let range = arguments.range {
                var selection: JSON = ["uri": .string(uri)]
                selection["range"] = try JSONCoder.encode(range)
                context["selections"] = [selection]
            }
            if let diagnostics = arguments.diagnostics { context["diagnostics"] = Self.adding(uri, to: diagnostics) }
        }
        let isEmpty = context.objectValue?.isEmpty ?? true
        return try await start(
            .init(
                prompt: prompt, workspaceFolder: arguments.workspaceFolder, context: isEmpty ? JSON?.none : context,
                model: arguments.model),
            uri: arguments.uri)
    }

    private func fixDiagnostics(_ arguments: CommandArguments) async throws -> AgentStart.Result {
        let uri = try Self.required(arguments.uri, "uri")
        let given = try arguments.diagnostics ?? ownDiagnostics(uri: uri)
        guard !given.isEmpty else {
            throw ResponseError(code: .invalidParams, message: "there are no diagnostics to fix in this file")
        }
        let name = FileURI.path(of: uri).flatMap { path in
            workspaceFolder(of: path).flatMap { FileURI.relative(path, to: $0) }
        }
        let messages = given.compactMap { $0["message"]?.stringValue }
        let first = messages.first.map { DisplayText.firstLine($0, limit: 200) } ?? ""
        let place = name ?? "this file"
        let prompt =
            given.count == 1 ? "Fix this problem in \(place): \(first)" : "Fix the \(given.count) problems in \(place)."
        return try await start(
            .init(
                prompt: prompt, workspaceFolder: arguments.workspaceFolder,
                context: ["diagnostics": Self.adding(uri, to: given)]),
            uri: uri)
    }

    /// What we published for a document, as the client has it.
    func ownDiagnostics(uri: String) throws -> [JSON] {
        guard let path = FileURI.path(of: uri) else { return [] }
        return try placedDiagnostics(for: path).map { try JSONCoder.encode($0.diagnostic) }
    }

    private static func adding(_ uri: String, to diagnostics: [JSON]) -> JSON {
        .array(
            diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic["uri"] = .string(uri)
                return diagnostic
            })
    }

    // MARK: Finding what is meant

    /// The session named, else the newest that fits.
    private func session(
        _ arguments: CommandArguments, among fits: (SessionView) -> Bool, _ otherwise: String
    ) throws(ResponseError) -> String {
        if let id = arguments.sessionId { return id }
        guard let session = sessions.all.last(where: fits) else {
            throw ResponseError(code: .requestFailed, message: otherwise)
        }
        return session.id
    }

    private func answer(_ arguments: CommandArguments, _ decision: ApprovalDecision) async throws -> JSON {
        let (session, approval) = try approval(arguments)
        let result = try await answer(
            session: session, approval: approval, decision, feedback: arguments.feedback)
        return try JSONCoder.encode(result)
    }

    private func approval(_ arguments: CommandArguments) throws(ResponseError) -> (session: String, approval: String) {
        if let session = arguments.sessionId, let approval = arguments.approvalId { return (session, approval) }
        let pending = sessions.all
            .filter { arguments.sessionId == nil || $0.id == arguments.sessionId }
            .flatMap { session in session.approvals.map { (session: session.id, approval: $0) } }
            .filter { arguments.approvalId == nil || $0.approval.approvalId == arguments.approvalId }
        guard let only = pending.first else {
            throw ResponseError(code: .requestFailed, message: "nothing waits for your approval")
        }
        guard pending.count == 1 else {
            let names = pending.prefix(5).map { item in
                "`\(DisplayText.exact(Wording.action(item.approval), limit: 80))` (\(sessions.shortName(item.session)))"
            }
            throw ResponseError(
                code: .requestFailed,
                message: "\(pending.count) approvals wait, name one by approvalId: \(names.joined(separator: ", "))")
        }
        return (only.session, only.approval.approvalId)
    }
}
