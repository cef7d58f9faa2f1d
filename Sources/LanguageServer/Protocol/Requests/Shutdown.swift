import JSON
import JSONRPC

extension LSP {
    enum Shutdown: RequestType {
        static let method = "shutdown"
        typealias Params = Empty
        /// Always null.
        typealias Result = JSON
    }
}
