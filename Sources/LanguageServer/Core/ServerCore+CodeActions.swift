import AgentProtocol
import JSON

extension ServerCore {
    /// Sessions that get actions of their own in every buffer.
    private static let mostSessionsWithActions = 8
    /// Characters of a command shown in a title.
    private static let titleLength = 120

    /// `textDocument/codeAction`.
    func codeActions(_ params: LSP.CodeActionRequest.Params) throws -> [JSON] {
        var actions = try fixes(params) + commentPrompt(params) + sessionActions()
        if let only = params.context?.only {
            actions = actions.filter { action in
                only.contains { $0.isEmpty || action.kind == $0 || action.kind.hasPrefix($0 + ".") }
            }
        }
        Self.makeTitlesUnique(&actions)
        // A client without literals takes commands only.
        return try actions.compactMap { action in
            if features.takesCodeActionLiterals { return try JSONCoder.encode(action) }
            return try action.command.map { try JSONCoder.encode($0) }
        }
    }

    private func fixes(_ params: LSP.CodeActionRequest.Params) throws -> [LSP.CodeAction] {
        let uri = params.textDocument.uri
        let placed = FileURI.path(of: uri).map(placedDiagnostics) ?? []
        let own = try placed.map { try JSONCoder.encode($0.diagnostic) }
        var here = params.context?.diagnostics ?? []
        var actions = try toolFixes(placed, at: params.range, shown: here) + fixAll(placed)
        if here.isEmpty { here = own.filter { Self.range(of: $0)?.touches(params.range) ?? false } }
        if !here.isEmpty {
            actions.append(
                try action(
                    here.count == 1 ? "Cofferdam: fix this" : "Cofferdam: fix these \(here.count)",
                    LSP.CodeActionKind.quickFix, .fixDiagnostics,
                    CommandArguments(uri: uri, diagnostics: here), diagnostics: here))
        }
        if own.count > max(1, here.count) {
            actions.append(
                try action(
                    "Cofferdam: fix all \(own.count) in this file", LSP.CodeActionKind.quickFix, .fixDiagnostics,
                    CommandArguments(uri: uri, diagnostics: own), diagnostics: here.isEmpty ? nil : here))
        }
        return actions
    }

    private static func range(of diagnostic: JSON) -> LSP.Range? {
        diagnostic["range"].flatMap { try? JSONCoder.decode(LSP.Range.self, from: $0) }
    }

    /// A wish in a comment on one of the lines of the range.
    private func commentPrompt(_ params: LSP.CodeActionRequest.Params) throws -> [LSP.CodeAction] {
        guard let buffer = documents[uri: params.textDocument.uri]?.buffer else { return [] }
        let first = min(max(0, params.range.start.line), buffer.lines.count - 1)
        // A whole file selected is no place in a file.
        let last = min(max(first, params.range.end.line), buffer.lines.count - 1, first + 100)
        for line in first...last {
            let text = String(decoding: buffer.content(ofLine: line), as: UTF8.self)
            guard let wish = CommentPrompt.find(in: text) else { continue }
            let isSelection = params.range.start != params.range.end
            let start = LSP.Position(line: line, character: 0)
            let end = mapper.position(of: .init(line: line, column: .max), in: buffer)
            let range = isSelection ? params.range : LSP.Range(start: start, end: end)
            let arguments = CommandArguments(prompt: wish, uri: params.textDocument.uri, range: range)
            let title = "Cofferdam: do “\(DisplayText.exact(wish, limit: Self.titleLength))”"
            return [try action(title, LSP.CodeActionKind.quickFix, .start, arguments)]
        }
        return []
    }

    private func sessionActions() throws -> [LSP.CodeAction] {
        var actions: [LSP.CodeAction] = []
        let relevant = sessions.all.filter { $0.isBusy || !$0.approvals.isEmpty || ($0.hasResult && !$0.isApplied) }
        for session in relevant.suffix(Self.mostSessionsWithActions).reversed() {
            let name = sessions.shortName(session.id)
            let named = CommandArguments(sessionId: session.id)
            for approval in session.approvals {
                let command = DisplayText.exact(Wording.action(approval), limit: Self.titleLength)
                let arguments = CommandArguments(sessionId: session.id, approvalId: approval.approvalId)
                for (verb, command_) in [("approve", CommandName.approve), ("reject", .reject)] {
                    let title = "Cofferdam: \(verb) `\(command)` (\(name))"
                    actions.append(try action(title, LSP.CodeActionKind.session, command_, arguments))
                }
            }
            if session.hasResult, !session.isApplied, settings.applyMode != .never {
                actions.append(try action(applyTitle(session.id), LSP.CodeActionKind.session, .apply, named))
            }
            if session.isBusy {
                let title = "Cofferdam: cancel “\(session.title)” (\(name))"
                actions.append(try action(title, LSP.CodeActionKind.session, .cancel, named))
            }
            if transcripts[session.id] != nil {
                let title = "Cofferdam: show transcript of “\(session.title)” (\(name))"
                actions.append(try action(title, LSP.CodeActionKind.session, .showTranscript, named))
            }
        }
        return actions
    }

    func applyTitle(_ id: String) -> String {
        "Cofferdam: apply result of “\(sessions[id]?.title ?? "")” (\(sessions.shortName(id)))"
    }

    private func action(
        _ title: String, _ kind: String, _ command: CommandName, _ arguments: CommandArguments,
        diagnostics: [JSON]? = nil
    ) throws -> LSP.CodeAction {
        LSP.CodeAction(
            title: title, kind: kind, diagnostics: diagnostics,
            command: LSP.Command(
                title: title, command: command.rawValue, arguments: [try JSONCoder.encode(arguments)]))
    }

    /// Some clients find the chosen action again by its title alone.
    private static func makeTitlesUnique(_ actions: inout [LSP.CodeAction]) {
        var counts: [String: Int] = [:]
        for index in actions.indices {
            let title = actions[index].title
            let count = counts[title, default: 0] + 1
            counts[title] = count
            guard count > 1 else { continue }
            let unique = "\(title) #\(count)"
            actions[index].title = unique
            actions[index].command?.title = unique
        }
    }
}
