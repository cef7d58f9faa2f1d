import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Supervisor {
    func handle(_ request: SupervisorRequest) throws(ProtocolError) {
        guard greeted else {
            guard case .hello(let version) = request else { throw .wrongPeer }
            guard version == ProtocolLimits.version else { throw .versionMismatch(version) }
            greeted = true
            orphanedSince = nil
            channel.send(.welcome(version: ProtocolLimits.version))
            return
        }
        switch request {
        case .hello:
            throw .wrongPeer
        case .exec(let command):
            execute(command)
        case .attach(let id, let token, let stdoutOffset, let stderrOffset, let window):
            attach(id, token: token, stdoutOffset: stdoutOffset, stderrOffset: stderrOffset, window: window)
        case .credit(let id, let token, let bytes):
            guard let index = attachments.firstIndex(where: { $0.id == id && $0.token == token }) else { return }
            attachments[index].window = min(attachments[index].window + bytes, ProtocolLimits.maximumWindow)
        case .detach(let id, let token):
            if attachments.contains(where: { $0.id == id && $0.token == token }) { detach(id) }
        case .signal(let id, let number):
            // What a command that has ended left behind is being killed anyway.
            if let command = commands[id], case .running = command.phase {
                for entry in members(of: command) { kill(entry.pid, number) }
            }
        case .kill(let id, let grace, let limit):
            if let command = commands[id] {
                beginKilling(
                    command, by: limit.isEmpty ? .client : .limit, limit: limit, graceMilliseconds: grace)
            }
        case .input(let id, let offset, let bytes):
            guard let command = commands[id], command.input != nil else { return refuseInput(id, offset: offset) }
            try command.input?.append(bytes, at: offset)
            _ = command.input?.feed()
            reportInput(of: command)
        case .closeInput(let id, let offset):
            guard let command = commands[id], command.input != nil else { return refuseInput(id, offset: offset) }
            try command.input?.close(at: offset)
            _ = command.input?.feed()
            reportInput(of: command)
        case .resize(let id, let cells):
            if let command = commands[id], command.terminal >= 0 {
                _ = cspawn_set_window(command.terminal, cells.columns, cells.rows)
            }
        case .file(let number, let operation):
            perform(operation, number: number)
        case .ping(let number):
            channel.send(.pong(number))
        }
    }

    private func refuseInput(_ id: ExecID, offset: Int) {
        channel.send(.input(id, InputState(received: offset, taken: offset, isOpen: false)))
    }

    private func execute(_ command: ExecCommand) {
        let known = commands[command.id]?.fingerprint ?? record(of: command.id)?.fingerprint
        if let known {
            let isSame = known == command.fingerprint
            channel.send(isSame ? .accepted(command.id) : .refused(command.id, .conflict))
            return
        }
        guard commands.count < ProtocolLimits.maximumRunning else {
            channel.send(.refused(command.id, .tooManyRunning))
            return
        }
        do {
            let running = try start(command)
            commands[running.id] = running
            commandsByPID[running.pid] = running.id
        } catch {
            let now = System.wallMilliseconds()
            var record = ExitRecord(
                fingerprint: command.fingerprint, end: .couldNotStart(errno: error.errno, message: error.message))
            record.startedAtMilliseconds = now
            record.endedAtMilliseconds = now
            guard journal.write(record, for: command.id) == 0 || reserve.write(record, for: command.id) else {
                channel.send(.refused(command.id, .journal))
                return
            }
        }
        channel.send(.accepted(command.id))
    }

    private func attach(_ id: ExecID, token: UInt64, stdoutOffset: Int, stderrOffset: Int, window: Int) {
        detach(id)
        var attachment = Attachment(
            id: id, token: token, stdoutOffset: stdoutOffset, stderrOffset: stderrOffset, window: window)
        if let command = commands[id] {
            channel.send(.attached(id, token: token, command.input?.state ?? InputState()))
        } else {
            guard let record = record(of: id) else {
                channel.send(.refused(id, .unknownID))
                return
            }
            attachment.finalStdout = record.stdoutKept
            attachment.finalStderr = record.stderrKept
            channel.send(.attached(id, token: token, InputState()))
            channel.send(.exited(id, record))
        }
        attachments.append(attachment)
    }

    private func detach(_ id: ExecID) {
        guard let index = attachments.firstIndex(where: { $0.id == id }) else { return }
        attachments.remove(at: index).close()
    }

    private func perform(_ operation: FileRequest, number: UInt64) {
        guard case .list(let path, let recursive, let maximum) = operation else {
            channel.send(.file(number, files.perform(operation, number: number)))
            return
        }
        guard listings.count < ProtocolLimits.maximumOpenWrites else {
            channel.send(.file(number, .failure(.other, errno: EAGAIN)))
            return
        }
        switch files.list(path, number: number, recursive: recursive, maximum: maximum) {
        case .success(let job): listings.append(job)
        case .failure(let failure): channel.send(.file(number, failure.reply))
        }
    }

    /// One step of the first listing; the others wait their turn.
    func advanceListings() {
        guard !listings.isEmpty, channel.wantsOutput else { return }
        let job = listings.removeFirst()
        for reply in job.step() { channel.send(.file(job.number, reply)) }
        if !job.isFinished { listings.append(job) }
    }
}
