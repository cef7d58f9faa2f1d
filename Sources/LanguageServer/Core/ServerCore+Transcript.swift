import AgentProtocol
import JSONRPC

extension ServerCore {
    func writeTranscript(_ params: AgentProgress.Params) async {
        do {
            guard try openTranscript(params.sessionId) else { return }
            try transcripts[params.sessionId]?.append(params)
        } catch {
            await transcriptFailed(params.sessionId, error)
        }
    }

    /// The transcript's path, for `agent/transcript`.
    func transcriptPath(_ id: String) throws -> String {
        guard sessions[id] != nil else {
            throw ResponseError(
                code: .invalidParams, message: "not attached to a session \(DisplayText.exact(id, limit: 80))")
        }
        _ = try openTranscript(id)
        guard let path = transcripts[id]?.file.path else {
            throw ResponseError(code: .requestFailed, message: "no transcript is kept of this session")
        }
        return path
    }

    /// At the start of a session.
    func presentTranscript(_ id: String) async {
        guard settings.keepsTranscript, settings.showsTranscript else { return }
        await showTranscript(id)
    }

    /// Opens the transcript in the editor; where it cannot be told to, says where it is.
    func showTranscript(_ id: String) async {
        let path: String
        do { path = try transcriptPath(id) } catch {
            await transcriptFailed(id, error)
            return
        }
        guard features.showsDocuments, let connection else {
            await showMessage(.info, session: id, "transcript: \(path)")
            return
        }
        let params = LSP.ShowDocument.Params(uri: FileURI.uri(of: path), external: false, takeFocus: false)
        Task {
            let shown = try? await connection.request(LSP.ShowDocument.self, params)
            if shown?.success != true { await showMessage(.info, session: id, "transcript: \(path)") }
        }
    }

    /// False when none is kept.
    private func openTranscript(_ id: String) throws(FileAccessError) -> Bool {
        if transcripts[id] != nil { return true }
        guard settings.keepsTranscript, !transcriptless.contains(id), let session = sessions[id] else { return false }
        let directory = "\(environment.stateDirectory)/transcripts"
        let file = try environment.files.openTranscript(named: Transcript.fileName(session: id), in: directory)
        transcripts[id] = try Transcript(file: file, session: id, folder: session.folder)
        return true
    }

    private func transcriptFailed(_ id: String, _ error: any Error) async {
        guard transcriptless.insert(id).inserted else { return }
        let text = (error as? ResponseError)?.message ?? "\(error)"
        await showMessage(.warning, session: id, "the transcript is not kept: \(text)")
    }
}
