import Git
import GitWorkerProtocol

extension GitWorker {
    func wanted(_ params: GitWanted.Params) throws -> GitWanted.Result {
        let folder = try real(params.folder)
        let (repository, _) = try repository(folder)
        var isCurrent = !params.references.isEmpty
        for (name, hex) in params.references where isCurrent {
            let known = Repository.isValidReference(name) ? try repository.reference(name) : nil
            isCurrent = known?.description == hex
        }
        if isCurrent { return GitWanted.Result(isCurrent: true, missing: []) }
        var look = CommitCompleteness(repository: repository, folder: folder, prefix: params.prefix)
        try look.look(at: try ids(params.commits))
        return GitWanted.Result(isCurrent: false, missing: look.missing.map(\.description))
    }
}
