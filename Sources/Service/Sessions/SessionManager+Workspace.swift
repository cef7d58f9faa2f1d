import AgentProtocol
import Git
import JSONRPC
import Workspace

/// Workspaces that clients upload.
extension SessionManager {
    public func negotiate(_ params: WorkspaceNegotiate.Params, user: String) async throws -> WorkspaceNegotiate.Result {
        try checkOpen()
        guard params.objects.count <= WorkspaceNegotiate.maximumObjects else {
            throw invalid("more than \(WorkspaceNegotiate.maximumObjects) objects at a time")
        }
        let ids = try params.objects.map(object)
        let key = try key(params.project, user)
        let missing = try await uploading { try await projects.missing(of: ids, in: key) }
        return WorkspaceNegotiate.Result(missing: (missing ?? ids).map(\.description), isNew: missing == nil)
    }

    public func upload(_ params: WorkspaceUpload.Params, user: String) async throws -> WorkspaceUpload.Result {
        try checkOpen()
        let key = try key(params.project, user)
        guard params.data.utf8.count <= (WorkspaceUpload.maximumChunk + 2) / 3 * 4 else {
            throw invalid("a piece has more than \(WorkspaceUpload.maximumChunk) bytes")
        }
        guard let data = Base64.decode(params.data) else { throw invalid("`data` is not base64") }
        let pack = try object(params.pack)
        let taken = try await uploading {
            try await projects.receive(data, at: params.offset, of: pack, bytes: params.bytes, in: key)
        }
        return WorkspaceUpload.Result(received: taken.received, isComplete: taken.isComplete)
    }

    private func key(_ project: String, _ user: String) throws -> ProjectStore.Key {
        do { return try ProjectStore.Key(user: user, project: project) } catch { throw invalid(error.description) }
    }

    private func object(_ text: String) throws -> ObjectID {
        guard let id = ObjectID(hex: text) else { throw invalid("`\(text.prefix(64))` is no name of a git object") }
        return id
    }

    private func uploading<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as ProjectStore.Failure {
            switch error {
            case .badName, .tooLarge, .damaged, .incomplete: throw invalid(error.description)
            case .tooMany: throw ResponseError(code: .overloaded, message: error.description)
            case .diskFull, .disk: throw ResponseError(code: .internalError, message: error.description)
            }
        } catch let error as GitError {
            throw ResponseError(code: .internalError, message: error.description)
        }
    }
}
