import AgentProtocol
import JSON

extension ServerCore {
    /// Fixes offered at one place.
    private static let mostFixes = 20

    /// The tools' own fixes of diagnostics at a place, and of those that the client shows there: Neovim names the cursor
    /// as the place and adds all of its line.
    func toolFixes(_ own: [PlacedDiagnostic], at range: LSP.Range, shown: [JSON]) throws -> [LSP.CodeAction] {
        var actions: [LSP.CodeAction] = []
        for placed in own where placed.state == .current && placed.entry.diagnostic.fixes != nil {
            let diagnostic = try JSONCoder.encode(placed.diagnostic)
            let theirs = shown.first { Self.isSame($0, diagnostic) }
            guard theirs != nil || placed.diagnostic.range.touches(range) else { continue }
            let fixes = (placed.entry.diagnostic.fixes ?? []).compactMap { toolFix($0, of: placed.entry) }
            // As the client has it, so that it finds its own again.
            let known = theirs ?? diagnostic
            for fix in fixes where actions.count < Self.mostFixes {
                let edit = workspaceEdit(fix.files)
                guard !actions.contains(where: { $0.title == fix.title && $0.edit == edit }) else { continue }
                actions.append(
                    LSP.CodeAction(
                        title: fix.title, kind: LSP.CodeActionKind.quickFix, diagnostics: [known],
                        isPreferred: fixes.count == 1 ? true : nil, edit: edit))
            }
        }
        return actions
    }

    /// All fixes of the tools in a file at once: those that leave no choice, and no two of which touch the same place.
    func fixAll(_ own: [PlacedDiagnostic]) -> [LSP.CodeAction] {
        var all: ToolFix.FileEdit?
        var count = 0
        let fixes = own.lazy.filter { $0.state == .current && $0.entry.diagnostic.fixes?.count == 1 }
            .compactMap { placed in placed.entry.diagnostic.fixes?.first.flatMap { self.toolFix($0, of: placed.entry) }
            }
            .compactMap { $0.files.count == 1 ? $0.files[0] : nil }
        for file in fixes {
            guard var merged = all else {
                (all, count) = (file, 1)
                continue
            }
            guard file.path == merged.path else { continue }
            merged.edits += file.edits
            merged.edits.sort {
                ($0.place.lowerBound, $0.place.upperBound) < ($1.place.lowerBound, $1.place.upperBound)
            }
            guard ToolFix.areApart(merged.edits.map(\.place)) else { continue }
            (all, count) = (merged, count + 1)
        }
        guard let all else { return [] }
        let what = count == 1 ? "the fix of the tool" : "all \(count) fixes of the tools"
        return [
            LSP.CodeAction(
                title: "Cofferdam: apply \(what) in this file", kind: LSP.CodeActionKind.fixAll,
                edit: workspaceEdit([all]))
        ]
    }

    private func toolFix(_ fix: DiagnosticFix, of entry: DiagnosticBoard.Entry) -> ToolFix? {
        let made = ToolFix(
            fix, of: entry.diagnostic, areOriginal: texts[entry.session]?.areOriginal ?? false
        ) { path in
            let absolute = FileURI.normalized("\(entry.folder)/\(path.text)")
            return (absolute, placement(in: absolute, path, of: entry))
        }
        let own = FileURI.normalized("\(entry.folder)/\(entry.diagnostic.path)")
        // Other files are changed only where the user sees them.
        guard let made, made.files.allSatisfy({ $0.path == own || documents[path: $0.path] != nil }) else { return nil }
        return made
    }

    private func workspaceEdit(_ files: [ToolFix.FileEdit]) -> LSP.WorkspaceEdit {
        var plan = ApplyPlan()
        for file in files {
            let document = documents[path: file.path]
            let edits = file.edits.map { place, text in
                LSP.TextEdit(
                    range: LSP.Range(
                        start: mapper.position(of: place.lowerBound, in: file.buffer),
                        end: mapper.position(of: place.upperBound, in: file.buffer)),
                    newText: text)
            }
            plan.edits.append(
                .init(
                    path: file.path, uri: document?.uri ?? FileURI.uri(of: file.path), version: document?.version,
                    edits: edits))
        }
        return plan.workspaceEdit(features)
    }

    /// Clients drop members that they do not know.
    private static func isSame(_ theirs: JSON, _ ours: JSON) -> Bool {
        ["range", "message", "source"].allSatisfy { theirs[$0] == ours[$0] }
    }
}
