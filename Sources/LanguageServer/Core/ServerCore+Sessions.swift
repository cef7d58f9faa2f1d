import AgentProtocol
import JSON
import JSONRPC

extension ServerCore {
    /// Starts a session with what the editor knows, and follows it.
    /// - Parameter uri: the document that it is about, for finding the workspace folder.
    func start(_ params: EditorAgentStart.Params, uri: String?) async throws -> AgentStart.Result {
        let hint = uri ?? ContextConverter.firstURI(in: params.context)
        let isRemote = params.repository != nil
        let folder = isRemote ? Self.noFolder : try folder(params.workspaceFolder, uri: hint)
        let converter = ContextConverter(folder: folder) { self.visibleText($0, beneath: folder) }
        let given = params.documents ?? []
        let named = Set(given.map(\.path))
        let start = AgentStart.Params(
            prompt: params.prompt,
            workspaceFolder: isRemote ? params.workspaceFolder : folder,
            repository: params.repository,
            documents: isRemote
                ? params.documents : given + overlays(in: folder).filter { !named.contains($0.path) },
            context: try converter.context(params.context, mapper: mapper),
            images: params.images,
            model: params.model ?? settings.model,
            checks: params.checks,
            mode: params.mode,
            budgets: params.budgets,
            // A start that is sent again after a broken connection must not begin a second session.
            idempotencyKey: params.idempotencyKey ?? "lsp-\(String(UInt64.random(in: .min ... .max), radix: 16))",
            record: params.record, replay: params.replay)
        // What the user does while the answer is on its way comes after this.
        let original = SessionTexts(folder: folder, areOriginal: true, documents: documents)
        let result = try await call(AgentStart.self, start)
        if sessions[result.sessionId] == nil {
            texts[result.sessionId] = original
            add(
                SessionView(
                    id: result.sessionId, folder: folder, isFolderTrusted: !isRemote, isOwn: true,
                    title: params.prompt))
            inBackground(result.sessionId) { try await $0.follow(result.sessionId) }
        }
        return result
    }

    /// Stands for the folder of a session that works on a remote repository; nothing is beneath it.
    private static let noFolder = "/dev/null"

    func prompt(_ params: EditorAgentPrompt.Params) async throws -> AgentPrompt.Result {
        let folder = sessions[params.sessionId]?.folder ?? folders.first ?? "/"
        let converter = ContextConverter(folder: folder) { self.visibleText($0, beneath: folder) }
        let context = try converter.context(params.context, mapper: mapper)
        return try await call(
            AgentPrompt.self,
            .init(
                sessionId: params.sessionId, text: params.text, delivery: params.delivery, context: context,
                images: params.images, model: params.model, keepModel: params.keepModel))
    }

    /// Explicit, else the workspace folder of the document, else the root.
    private func folder(_ explicit: String?, uri: String?) throws(ResponseError) -> String {
        if let explicit { return try Self.absolute(explicit) }
        if let path = uri.flatMap(FileURI.path(of:)), let folder = workspaceFolder(of: path) { return folder }
        guard let root = folders.first else {
            throw ResponseError(
                code: .invalidParams, message: "there is no workspace folder: open one, or name it as workspaceFolder")
        }
        return root
    }

    func add(_ session: SessionView) {
        for id in sessions.add(session) { forget(id) }
        if texts[session.id] == nil {
            texts[session.id] = SessionTexts(
                folder: session.folder, areOriginal: false, documents: documents)
        }
    }

    func follow(_ id: String) async throws {
        let attached = try await throughService { try await $0.attach(id, afterSeq: 0) }
        sessions.modify(id) { $0.historyEnd = attached.seq }
        await catchUp(id)
    }

    func attach(_ params: AgentAttach.Params) async throws -> AgentAttach.Result {
        let id = params.sessionId
        let afterSeq = params.afterSeq ?? 0
        let isNew = sessions[id] == nil
        if isNew { earlyEvents[id] = earlyEvents[id] ?? [] }
        let attached: AgentAttach.Result
        do {
            attached = try await throughService { try await $0.attach(id, afterSeq: afterSeq) }
        } catch {
            if isNew { earlyEvents[id] = nil }
            throw error
        }
        guard isNew, sessions[id] == nil else { return attached }
        let summary = attached.session
        let folder = FileURI.path(ofPathOrURI: summary.workspaceFolder) ?? "/"
        var session = SessionView(
            id: id, folder: folder, isFolderTrusted: workspaceFolder(of: folder) != nil, isOwn: false,
            title: summary.title)
        if afterSeq > 0 { session.seed(summary) }
        session.lastSeq = afterSeq
        session.historyEnd = attached.seq
        add(session)
        await takeEarlyEvents(id)
        await catchUp(id)
        return attached
    }

    func detach(_ params: SessionReference) async throws -> Empty {
        let id = params.sessionId
        try await throughService { try await $0.detach(id) }
        await endProgress(id, "detached; the session goes on")
        let affected = forgetDiagnostics(of: id)
        sessions.remove(id)
        forget(id)
        await publish(affected)
        return Empty()
    }

    private func forget(_ id: String) {
        _ = forgetDiagnostics(of: id)
        texts[id] = nil
        transcripts[id] = nil
        transcriptless.remove(id)
        caughtUp.remove(id)
        announced.remove(id)
    }
}
