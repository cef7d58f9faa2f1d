import AgentProtocol
import JSON
import Sandbox
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The last turn's result of a session, on the service's disk: it can be shown and applied after the sandbox is gone.
public struct ResultFile: Sendable {
    private let path: String

    /// Several results of the largest files.
    private static let maximumBytes = 256 << 20

    /// - Parameter stateDirectory: the session's folder; the file lies beside it.
    public init(stateDirectory: String) { path = stateDirectory + ".result.json" }

    /// Replaces the file in one step.
    /// - Throws: `AgentError.configuration` when the disk does not take it; the old file is then still there.
    func save(_ result: AgentDiff.Result) async throws {
        let bytes = try JSONCoder.encode(result).serialized()
        let path = path
        try await Background.run {
            let temporary = path + ".new"
            guard FileBytes.write(bytes, toFile: temporary, mode: 0o600), rename(temporary, path) == 0 else {
                let reason = String(cString: strerror(errno))
                unlink(temporary)
                throw AgentError.configuration("cannot write \(path): \(reason)")
            }
        }
    }

    public func remove() async {
        let path = path
        _ = try? await Background.run { unlink(path) }
    }

    /// - Returns: nil when the session left no result.
    public func load() async throws -> AgentDiff.Result? {
        let path = path
        return try await Background.run {
            guard let bytes = FileBytes.read(path, limit: Self.maximumBytes) else { return nil }
            let limits = JSONLimits(maxBytes: Self.maximumBytes)
            return try JSONCoder.decode(AgentDiff.Result.self, from: JSON(parsing: bytes, limits: limits))
        }
    }
}

extension AgentDiff.Result {
    /// What `params` asks for of a whole result.
    public func selecting(_ params: AgentDiff.Params) -> AgentDiff.Result {
        let wanted = params.paths.map(Set.init)
        var selected = self
        selected.files = files.filter { wanted?.contains($0.path) ?? true }
        if params.includeContents != true {
            for index in selected.files.indices {
                selected.files[index].oldContents = nil
                selected.files[index].newContents = nil
            }
        }
        selected.patch = selected.files.map(\.patch).joined()
        return selected
    }
}
