import JSONRPC

/// The helper program that works on the user's repository, as its users see it.
public protocol GitWorking: Sendable {
    /// - Throws: `ResponseError` with what went wrong, for the user; `ServiceClientError` when the program is gone.
    func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result

    /// Ends the program.
    func end() async
}

extension GitWorkerProcess: GitWorking {}
