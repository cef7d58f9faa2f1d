import Agent
import Sandbox
import Store

extension SessionManager {
    /// Removed at a time: the others of the store wait meanwhile.
    private static let batch = 100
    private static let millisecondsADay = 86_400_000

    /// Removes the sessions that have been over for longer than they are to be kept.
    func removeOld() async {
        let cutoff = currentMilliseconds() - configuration.retention.days * Self.millisecondsADay
        do {
            let ended = try store.ended(before: cutoff, limit: Self.batch)
            for id in ended where live[id] == nil {
                await ResultFile(stateDirectory: directory(id)).remove()
                await RecordingFile.remove(stateDirectory: directory(id))
                let repository = repository(id)
                let folder = directory(id)
                try await Background.run {
                    repository.remove()
                    PublishRecord.remove(stateDirectory: folder)
                }
                try store.remove(id)
            }
            guard !ended.isEmpty else { return }
            configuration.log.info("sessions that were over for long are removed", ["count": "\(ended.count)"])
        } catch {
            configuration.log.warning("old sessions could not be removed", ["reason": "\(error)"])
        }
    }
}
