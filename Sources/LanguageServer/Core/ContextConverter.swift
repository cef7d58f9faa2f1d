import AgentProtocol
import JSON

/// Makes a `PromptContext` of what an editor gives: its own fields as they are, LSP diagnostics and ranges converted.
struct ContextConverter {
    let folder: String
    /// The text that the user sees for a file.
    let text: (WorkspacePath) -> TextBuffer?

    /// The document that a context is about.
    static func firstURI(in context: JSON?) -> String? {
        ["selections", "diagnostics"].lazy
            .flatMap { context?[$0]?.arrayValue ?? [] }
            .compactMap { $0["uri"]?.stringValue }
            .first
    }

    func context(_ json: JSON?, mapper: PositionMapper) throws -> PromptContext? {
        guard let json, !json.isNull else { return nil }
        var converted = json
        for (key, convert) in [("selections", selection), ("diagnostics", diagnostic)] as [(String, Conversion)] {
            guard let entries = json[key]?.arrayValue else { continue }
            converted[key] = .array(
                try entries.enumerated().map { index, entry in
                    guard let uri = entry["uri"]?.stringValue else { return entry }
                    return try at("$.params.context.\(key)[\(index)]") { try convert(entry, uri, mapper) }
                })
        }
        return try at("$.params.context") { try JSONCoder.decode(PromptContext.self, from: converted) }
    }

    /// LSP diagnostics of one document. One that cannot be read is left out: it is only context.
    func diagnostics(_ entries: [JSON], uri: String, mapper: PositionMapper) -> [AgentProtocol.Diagnostic] {
        entries.compactMap { entry in
            (try? diagnostic(entry, uri, mapper)).flatMap {
                try? JSONCoder.decode(AgentProtocol.Diagnostic.self, from: $0)
            }
        }
    }

    private typealias Conversion = (JSON, String, PositionMapper) throws -> JSON

    private struct LSPSelection: Codable {
        var range: LSP.Range
        var text: String?
    }

    private func selection(_ json: JSON, _ uri: String, _ mapper: PositionMapper) throws -> JSON {
        let given = try JSONCoder.decode(LSPSelection.self, from: json)
        let path = try path(of: uri)
        let range = textRange(given.range, path, mapper)
        return try JSONCoder.encode(Selection(path: path.text, range: range, text: given.text))
    }

    private func diagnostic(_ json: JSON, _ uri: String, _ mapper: PositionMapper) throws -> JSON {
        let given = try JSONCoder.decode(LSP.Diagnostic.self, from: json)
        let path = try path(of: uri)
        // Of ours that is stale, what the tool said.
        let isStale = json["data"]?["stale"]?.boolValue == true
        let number = isStale ? json["data"]?["severity"]?.intValue ?? given.severity : given.severity
        let severity = number.flatMap(LSP.DiagnosticSeverity.init(rawValue:)) ?? .error
        let prefix = DiagnosticTranslator.stalePrefix
        let isMarked = isStale && given.message.hasPrefix(prefix)
        let related = given.relatedInformation?.compactMap { note -> RelatedLocation? in
            guard let path = try? self.path(of: note.location.uri) else { return nil }
            return RelatedLocation(
                path: path.text, range: textRange(note.location.range, path, mapper), message: note.message)
        }
        return try JSONCoder.encode(
            AgentProtocol.Diagnostic(
                tool: given.source ?? "editor",
                severity: severity.agentSeverity,
                code: given.code.flatMap { $0.stringValue ?? ($0.isNull ? nil : $0.text) },
                codeURL: given.codeDescription?.href,
                message: isMarked ? String(given.message.dropFirst(prefix.count)) : given.message,
                path: path.text,
                range: textRange(given.range, path, mapper),
                sourceLine: line(given.range.start.line, path),
                related: related?.isEmpty == false ? related : nil,
                fingerprint: json["data"]?["fingerprint"]?.stringValue ?? ""))
    }

    func path(of uri: String) throws -> WorkspacePath {
        guard let path = FileURI.path(of: uri), let relative = FileURI.relative(path, to: folder) else {
            throw JSONDecodingError(path: "$.uri", message: "not a file beneath the workspace folder")
        }
        return try WorkspacePath(relative)
    }

    /// The line as the user sees it.
    private func line(_ line: Int, _ path: WorkspacePath) -> String? {
        guard let text = text(path), text.lines.indices.contains(line) else { return nil }
        return Diagnostic.sourceLine(of: text.content(ofLine: line))
    }

    private func textRange(_ range: LSP.Range, _ path: WorkspacePath, _ mapper: PositionMapper) -> TextRange {
        mapper.textRange(of: range, in: text(path) ?? TextBuffer(""))
    }

    /// Names the place in the message when something does not fit.
    private func at<Value>(_ place: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as JSONDecodingError {
            throw JSONDecodingError(path: place + error.path.dropFirst(), message: error.message)
        } catch {
            throw JSONDecodingError(path: place, message: "\(error)")
        }
    }
}
