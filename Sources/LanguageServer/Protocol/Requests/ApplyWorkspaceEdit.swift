import JSONRPC

extension LSP {
    enum ApplyWorkspaceEdit: RequestType {
        static let method = "workspace/applyEdit"

        struct Params: Codable, Sendable {
            var label: String?
            var edit: WorkspaceEdit
        }

        struct Result: Codable, Sendable {
            var applied: Bool
            var failureReason: String?
        }
    }
}
