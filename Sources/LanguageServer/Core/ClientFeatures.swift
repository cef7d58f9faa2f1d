/// What the client can do, decided once from its capabilities.
struct ClientFeatures: Sendable, Equatable {
    var encoding = PositionEncoding.utf16
    var showsProgress = false
    var showsDocuments = false
    var appliesEdits = false
    /// `documentChanges` with versions; otherwise `changes`.
    var takesDocumentChanges = false
    var createsFiles = false
    var deletesFiles = false
    var takesCodeActionLiterals = false
    var showsRelatedInformation = false
    var showsCodeDescription = false
    var keepsDiagnosticData = false
    /// Numbers of `DiagnosticTag`.
    var shownTags: Set<Int> = []

    init() {}

    init(_ capabilities: LSP.ClientCapabilities) {
        encoding = .negotiated(offered: capabilities.general?.positionEncodings)
        showsProgress = capabilities.window?.workDoneProgress ?? false
        showsDocuments = capabilities.window?.showDocument?.support ?? false
        appliesEdits = capabilities.workspace?.applyEdit ?? false
        let edits = capabilities.workspace?.workspaceEdit
        takesDocumentChanges = edits?.documentChanges ?? false
        // Resource operations only exist among `documentChanges`.
        let operations = takesDocumentChanges ? edits?.resourceOperations ?? [] : []
        createsFiles = operations.contains("create")
        deletesFiles = operations.contains("delete")
        takesCodeActionLiterals = capabilities.textDocument?.codeAction?.codeActionLiteralSupport != nil
        let diagnostics = capabilities.textDocument?.publishDiagnostics
        showsRelatedInformation = diagnostics?.relatedInformation ?? false
        showsCodeDescription = diagnostics?.codeDescriptionSupport ?? false
        keepsDiagnosticData = diagnostics?.dataSupport ?? false
        shownTags = Set(diagnostics?.tagSupport?.valueSet ?? [])
    }
}
