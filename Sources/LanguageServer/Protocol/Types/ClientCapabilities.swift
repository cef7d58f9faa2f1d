extension LSP {
    /// What the client declares, cut down to what changes this server's behaviour.
    struct ClientCapabilities: Codable, Sendable {
        var workspace: Workspace?
        var textDocument: TextDocument?
        var window: Window?
        var general: General?

        struct Workspace: Codable, Sendable {
            var applyEdit: Bool?
            var workspaceEdit: WorkspaceEdit?
        }

        struct WorkspaceEdit: Codable, Sendable {
            var documentChanges: Bool?
            var resourceOperations: [String]?
        }

        struct TextDocument: Codable, Sendable {
            var publishDiagnostics: PublishDiagnostics?
            var codeAction: CodeAction?
        }

        struct PublishDiagnostics: Codable, Sendable {
            var relatedInformation: Bool?
            var codeDescriptionSupport: Bool?
            var dataSupport: Bool?
            var tagSupport: TagSupport?
        }

        struct TagSupport: Codable, Sendable {
            var valueSet: [Int]?

            init(from decoder: any Decoder) throws {
                // Version 3.15 had a boolean here.
                if (try? decoder.singleValueContainer().decode(Bool.self)) != nil { return }
                let container = try decoder.container(keyedBy: CodingKeys.self)
                valueSet = try container.decodeIfPresent([Int].self, forKey: .valueSet)
            }
        }

        struct CodeAction: Codable, Sendable {
            var codeActionLiteralSupport: LiteralSupport?
        }

        /// Its presence is the declaration; the list of kinds in it is only a hint.
        struct LiteralSupport: Codable, Sendable {}

        struct Window: Codable, Sendable {
            var workDoneProgress: Bool?
            var showDocument: ShowDocument?
        }

        struct ShowDocument: Codable, Sendable {
            var support: Bool?
        }

        struct General: Codable, Sendable {
            var positionEncodings: [String]?
        }
    }
}
