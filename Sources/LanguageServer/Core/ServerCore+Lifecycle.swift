import AgentProtocol
import JSON
import JSONRPC

extension ServerCore {
    /// Answers `initialize` from its parameters alone.
    /// - Parameter parentEnded: called when the process named in the parameters is gone.
    func initialize(
        _ params: LSP.Initialize.Params, parentEnded: @escaping @Sendable () -> Void
    ) throws -> LSP.Initialize.Result {
        do {
            settings = try LanguageServerSettings(client: params.clientInfo).merging(params.initializationOptions)
        } catch let error as JSONDecodingError {
            let path = "$.params.initializationOptions" + error.path.dropFirst()
            throw JSONDecodingError(path: path, message: error.message)
        }
        features = ClientFeatures(params.capabilities ?? LSP.ClientCapabilities())
        trace = params.trace ?? "off"
        folders = (params.workspaceFolders ?? []).compactMap { FileURI.path(of: $0.uri) }
        if folders.isEmpty {
            let root = params.rootUri.flatMap(FileURI.path(of:)) ?? params.rootPath.flatMap(FileURI.path(ofPathOrURI:))
            folders = root.map { [$0] } ?? []
        }
        // Zero, negative and impossible numbers name no process that could end.
        if let processID = params.processId, processID > 0, processID <= Int(Int32.max) {
            let waitForExit = environment.waitForProcessExit
            Task {
                await waitForExit(processID)
                parentEnded()
            }
        }
        lifecycle.didInitialize()
        return LSP.Initialize.Result(
            capabilities: LSP.ServerCapabilities(
                positionEncoding: features.encoding.rawValue,
                executeCommandProvider: .init(commands: CommandName.allCases.map(\.rawValue)),
                experimental: [
                    "cofferdam": [
                        "protocolVersion": .number(JSONNumber(ServiceInitialize.protocolVersion)),
                        "methods": .array(LanguageServer.agentMethods.map { .string($0) }),
                    ]
                ]),
            serverInfo: ProgramInfo(name: "cofferdam", version: environment.version))
    }

    /// Ends what the editor shows; sessions go on in the service.
    func shutDown() async {
        for id in sessions.order { await endProgress(id, "the editor closes; the session goes on") }
        lifecycle.didShutDown()
        let service = service
        self.service = nil
        await service?.close()
    }

    func setTrace(_ value: String) { trace = value }

    func changeConfiguration(_ json: JSON?) async {
        do {
            let changed = try settings.merging(json)
            if service != nil, changed.service != settings.service || changed.asksEditor != settings.asksEditor {
                await showMessage(.warning, ": the settings “service” and “approve” take effect after a restart")
            }
            settings = changed
        } catch {
            await showMessage(.error, ": the settings were not taken over: \(error)")
        }
    }

    func changeFolders(added: [LSP.WorkspaceFolder], removed: [LSP.WorkspaceFolder]) {
        let gone = removed.compactMap { FileURI.path(of: $0.uri) }
        folders.removeAll { gone.contains($0) }
        for path in added.compactMap({ FileURI.path(of: $0.uri) }) where !folders.contains(path) {
            folders.append(path)
        }
    }

    /// The innermost workspace folder that holds a path.
    func workspaceFolder(of path: String) -> String? {
        folders.filter { $0 == path || FileURI.relative(path, to: $0) != nil }.max { $0.count < $1.count }
    }
}
