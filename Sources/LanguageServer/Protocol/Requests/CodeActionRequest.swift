import JSON
import JSONRPC

extension LSP {
    enum CodeActionRequest: RequestType {
        static let method = "textDocument/codeAction"

        struct Params: Codable, Sendable {
            var textDocument: TextDocumentIdentifier
            var range: Range
            var context: Context?
        }

        struct Context: Codable, Sendable {
            /// As they came: they go back in the action, and one that cannot be read must not hide the others.
            var diagnostics: [JSON]?
            var only: [String]?
        }

        /// `(Command | CodeAction)[]`
        typealias Result = [JSON]
    }
}
