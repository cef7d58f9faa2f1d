import Agent
import AgentProtocol
import Git
import JSON
import JSONRPC
import Workspace

/// The files of a session whose client uploaded them.
struct UploadedSource: WorkspaceSource {
    let projects: ProjectStore
    let bases: BaseStore
    let key: ProjectStore.Key
    let tree: ObjectID
    let origin: ObjectID?

    /// - Throws: `ResponseError` (invalid params) for names that cannot be.
    init(_ workspace: UploadedWorkspace, user: String, _ projects: ProjectStore, _ bases: BaseStore) throws {
        func id(_ text: String) throws -> ObjectID {
            guard let id = ObjectID(hex: text) else {
                throw ResponseError(code: .invalidParams, message: "`\(text.prefix(64))` is no name of a git object")
            }
            return id
        }
        self.projects = projects
        self.bases = bases
        do { key = try ProjectStore.Key(user: user, project: workspace.project) } catch {
            throw ResponseError(code: .invalidParams, message: error.description)
        }
        tree = try id(workspace.tree)
        origin = try workspace.origin.map(id)
    }

    func take(
        overlays: [String: [UInt8]], holder: String, progress: @escaping @Sendable (String) async -> Void
    ) async throws -> WorkspaceSnapshot {
        await projects.hold(key, holder)
        do {
            var snapshot = try await bases.take(
                tree: tree, in: projects.path(of: key), label: key.label, holder: holder
            ).snapshot
            if var origin = try await readOrigin() {
                snapshot.leftOut = origin.leftOut + origin.notes + snapshot.leftOut
                snapshot.nested = origin.adjustments.nested
                origin.repository = "\(projects.path(of: key))/"
                snapshot.origin = origin
            }
            return snapshot
        } catch {
            await projects.release(holder)
            // What is missing is uploaded the next time.
            if error is WorkspaceError || error is ProjectStore.Failure { await projects.forget(key) }
            throw error
        }
    }

    private func readOrigin() async throws -> WorkspaceOrigin? {
        guard let origin else { return nil }
        let bytes = try await projects.origin(origin, in: key)
        do {
            return try JSONCoder.decode(WorkspaceOrigin.self, from: try JSON(parsing: bytes))
        } catch {
            throw ProjectStore.Failure.incomplete("its origin cannot be read: \(error)")
        }
    }
}
