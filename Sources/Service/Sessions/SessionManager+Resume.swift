import Agent
import AgentProtocol
import Models
import Sandbox
import Store

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sessions that a former service left: it was killed, or its machine was.
extension SessionManager {
    /// Takes up every session that was live, and ends the sandboxes of all others.
    ///
    /// Sessions are there as soon as this returns, so that clients that come back find them; what they find of their
    /// sandboxes shows later, as events.
    func takeUpInterrupted() async throws {
        let found = try store.liveSessions()
        let (log, driver) = (configuration.log, configuration.driver)
        await takePlaces(found.records)
        for record in found.records {
            // One that cannot be taken up now, on a full disk for instance, must not keep the others from going on; what is
            // on disk of it stays for the next start.
            do { try await takeUp(record) } catch {
                live[record.sessionId] = nil
                log.error(
                    "a session could not be taken up; it stays as it is for the next start",
                    ["session": record.sessionId, "reason": "\(error)"])
            }
        }
        for lost in found.unreadable {
            log.error(
                "the record of a session cannot be read; what is on disk of it stays",
                ["session": lost.sessionId, "reason": lost.reason])
            _ = await driver.endOrphan(stateDirectory: directory(lost.sessionId))
        }
        let known = Set(found.sessionIds)
        let folder = "\(configuration.stateDirectory)/sessions"
        let abandoned = Self.folders(in: folder).filter { !known.contains($0) && !isRepository($0) }
        guard !abandoned.isEmpty else { return }
        // In the background: a service that starts does not wait for it.
        Task.detached {
            for id in abandoned {
                _ = await driver.endOrphan(stateDirectory: "\(folder)/\(id)")
                try? await Background.run { try LocalDriver.discard(stateDirectory: "\(folder)/\(id)") }
            }
        }
    }

    private func takeUp(_ record: SessionRecord) async throws {
        let values = try store.kept(of: record.sessionId)
        let start = KeptStart(kept: values)
        let log = try EventLog(
            sessionId: record.sessionId, store: store, isCharged: start?.start.replay == nil)
        guard let start else {
            return try await giveUp(record, log, "the service ended while the session was \(record.state.rawValue)")
        }
        let replay: SessionReplay?
        do { replay = try await keptReplay(start.start, of: record.sessionId) } catch {
            return try await giveUp(record, log, "the recording that it played cannot be read: \(error)")
        }
        do {
            _ = try (replay?.catalog ?? configuration.models).name(of: start.start.model)
        } catch {
            return try await giveUp(record, log, "the service was started again without its model: \(error)")
        }
        var settings = settings(
            record.sessionId, start.start, folder: start.workspaceFolder, model: start.modelName,
            user: record.user ?? "")
        start.apply(to: &settings)
        settings.source = source(start.start, record.user ?? "", log)
        try await apply(
            replay, position: AgentSession.replayPosition(kept: values) ?? .init(), to: &settings)
        let session = AgentSession(
            configuration: settings, log: log, observer: observer(of: record.sessionId), kept: values,
            state: record.state)
        live[record.sessionId] = LiveSession(
            session: session, log: log, record: record, idleSince: record.state == .idle ? .now : nil,
            recording: settings.recording)
        await session.resume()
    }

    /// A session that nothing was kept of, or that cannot go on: its log says so.
    private func giveUp(_ record: SessionRecord, _ log: EventLog, _ reason: String) async throws {
        _ = try await log.append(.sessionStatus(SessionStatusEvent(state: .failed, reason: reason)))
        var record = record
        record.state = .failed
        record.updatedAt = currentMilliseconds()
        try store.save(record)
        try store.forgetKept(of: record.sessionId)
        await queue.leave(record.sessionId)
        let directory = directory(record.sessionId)
        _ = await configuration.driver.endOrphan(stateDirectory: directory)
        discard(record.sessionId)
    }

    /// Whether a folder is a repository of a session that the store knows, live or over: of its steps, or what it published.
    private func isRepository(_ name: String) -> Bool {
        let suffixes = [PublishRecord.folder(stateDirectory: ""), SessionRepository(stateDirectory: "").path]
        guard let suffix = suffixes.first(where: name.hasSuffix) else { return false }
        // What cannot be read now is no reason to remove anything.
        do { return try store.session(String(name.dropLast(suffix.count))) != nil } catch { return true }
    }

    /// Names of the folders in a folder.
    private static func folders(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            var status = stat()
            guard let name, name != ".", name != "..", lstat("\(path)/\(name)", &status) == 0,
                status.st_mode & S_IFMT == S_IFDIR
            else { continue }
            names.append(name)
        }
        return names
    }
}
