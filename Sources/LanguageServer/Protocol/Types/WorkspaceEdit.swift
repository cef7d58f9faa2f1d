import JSON

extension LSP {
    /// Either `changes` or `documentChanges`, by what the client declares.
    struct WorkspaceEdit: Codable, Sendable, Equatable {
        var changes: [String: [TextEdit]]?
        var documentChanges: [DocumentChange]?
    }

    /// One step of `documentChanges`, told apart by its `kind`: a text edit has none.
    enum DocumentChange: Sendable, Equatable {
        case edit(uri: String, version: Int?, edits: [TextEdit])
        case create(uri: String)
        case delete(uri: String)
    }
}

extension LSP.DocumentChange: Codable {
    private enum Key: String, CodingKey { case kind, uri, textDocument, edits, version }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decodeIfPresent(String.self, forKey: .kind) {
        case nil:
            let document = try container.nestedContainer(keyedBy: Key.self, forKey: .textDocument)
            self = .edit(
                uri: try document.decode(String.self, forKey: .uri),
                version: try document.decodeIfPresent(Int.self, forKey: .version),
                edits: try container.decode([LSP.TextEdit].self, forKey: .edits))
        case "create": self = .create(uri: try container.decode(String.self, forKey: .uri))
        case "delete": self = .delete(uri: try container.decode(String.self, forKey: .uri))
        case .some(let kind):
            throw DecodingError.dataCorruptedError(
                forKey: Key.kind, in: container, debugDescription: "unknown resource operation \(kind)")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .edit(let uri, let version, let edits):
            var document = container.nestedContainer(keyedBy: Key.self, forKey: .textDocument)
            try document.encode(uri, forKey: .uri)
            // `version: integer | null` is not optional: null says "not open, what is on disk".
            if let version {
                try document.encode(version, forKey: .version)
            } else {
                try document.encodeNil(forKey: .version)
            }
            try container.encode(edits, forKey: .edits)
        case .create(let uri):
            try container.encode("create", forKey: .kind)
            try container.encode(uri, forKey: .uri)
        case .delete(let uri):
            try container.encode("delete", forKey: .kind)
            try container.encode(uri, forKey: .uri)
        }
    }
}
