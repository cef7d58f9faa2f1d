import ServiceClient

extension ServerCore {
    /// The session has commits that the user's repository may lack. They come beside everything else; what goes wrong is
    /// said once.
    func receiveSteps(of id: String) async {
        guard let session = sessions[id], session.isFolderTrusted, let service,
            let start = environment.startGitWorker
        else { return }
        let known = receiver
        let receiver =
            known
            ?? StepReceiver(service: service, startWorker: start) { [weak self] session, reason in
                await self?.receiptFailed(session, reason)
            }
        self.receiver = receiver
        await receiver.receive(id, folder: session.folder)
    }

    private func receiptFailed(_ id: String, _ reason: String) async {
        let text = DisplayText.exact(reason, limit: 500)
        await showMessage(.warning, session: id, "its commits are not in your repository: \(text)")
    }
}
