import Agent
import AgentProtocol
import Sandbox
import Workspace

/// A remote repository as what a session works on.
struct RemoteRepository: WorkspaceSource {
    let reference: RepositoryReference
    let transport: any RemoteTransport
    let mirrors: MirrorStore
    let bases: BaseStore
    let report: @Sendable (RepositoryFetched) async throws -> Void

    func take(
        overlays: [String: [UInt8]], holder: String, progress: @escaping @Sendable (String) async -> Void
    ) async throws -> WorkspaceSnapshot {
        await progress("fetching \(reference.remote)")
        let begin = ContinuousClock.now
        let fetched = try await mirrors.fetch(
            reference.remote, ref: reference.ref, holder: holder, through: transport)
        var snapshot = try await bases.take(
            tree: fetched.tree, in: fetched.repository, label: reference.remote, holder: holder
        ).snapshot
        let entries = snapshot.entries
        var origin = WorkspaceOrigin(
            head: fetched.commit, branch: fetched.name.flatMap { $0.hasPrefix("refs/heads/") ? $0 : nil },
            repository: fetched.repository + "/")
        origin.remotes = [reference.remote]
        origin.adjustments = try await Background.run {
            try TreeAdjustments(keptOf: fetched.tree, in: fetched.repository, beside: entries)
        }
        snapshot.origin = origin
        try await report(
            RepositoryFetched(
                remote: reference.remote, ref: fetched.name, commit: fetched.commit.description,
                cached: fetched.wasCached, durationMilliseconds: Int((ContinuousClock.now - begin) / .milliseconds(1))))
        return snapshot
    }

    /// Where the files are in the sandbox.
    static func folder(of remote: String) -> String {
        var name = remote.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? ""
        if name.hasSuffix(".git") { name.removeLast(4) }
        name = String(
            name.unicodeScalars.filter {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
            }
            .prefix(64).map(Character.init))
        while name.hasPrefix(".") { name.removeFirst() }
        return "/workspace/\(name.isEmpty ? "repository" : name)"
    }
}
