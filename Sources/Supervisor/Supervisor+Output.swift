import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Supervisor {
    /// Moves what a pipe holds into the journal.
    func collect(_ command: RunningCommand, _ stream: OutputStream, _ ready: ReadyDescriptors) {
        let pipe = command.withStream(stream) { $0.pipe }
        guard pipe >= 0, ready.isReadable(pipe) else { return }
        _ = drain(command, stream)
    }

    /// Reads a pipe once. False when it was empty or at its end.
    func drain(_ command: RunningCommand, _ stream: OutputStream) -> Bool {
        let pipe = command.withStream(stream) { $0.pipe }
        guard pipe >= 0 else { return false }
        let count = System.read(pipe, into: scratch)
        if count == -Int(EAGAIN) { return false }
        // A terminal ends with EIO.
        guard count > 0 else {
            System.close(pipe)
            command.withStream(stream) { $0.pipe = -1 }
            return false
        }
        keep(UnsafeRawBufferPointer(rebasing: scratch[..<count]), of: command, stream)
        return true
    }

    private func keep(_ bytes: UnsafeRawBufferPointer, of command: RunningCommand, _ stream: OutputStream) {
        let limit = command.outputLimit
        command.withStream(stream) { state in
            state.total += bytes.count
            guard !state.isFull else { return }
            let count = min(bytes.count, limit - state.kept)
            if count > 0 {
                if state.file < 0 { state.file = journal.create(command.id, stream) }
                let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                let written = state.file < 0 ? (count: 0, error: -state.file) : System.writeAll(state.file, part)
                state.kept += written.count
                // The disk is full or broken: the record will say how much was kept, and why no more.
                state.error = written.error
            }
            state.isFull = state.error != 0 || count < bytes.count
        }
    }

    /// Sends output from the journal, one chunk of each reader in turn, while the service keeps up.
    func pump() {
        var progressed = true
        while progressed, channel.wantsOutput {
            progressed = false
            for index in attachments.indices where channel.wantsOutput {
                for stream in OutputStream.allCases where sendChunk(of: stream, at: index) { progressed = true }
            }
        }
        attachments.removeAll { attachment in
            guard attachment.isComplete else { return false }
            attachment.close()
            return true
        }
    }

    private func sendChunk(of stream: OutputStream, at index: Int) -> Bool {
        let id = attachments[index].id
        let end: Int
        if let command = commands[id] {
            end = command.withStream(stream) { $0.kept }
        } else {
            end = (stream == .stdout ? attachments[index].finalStdout : attachments[index].finalStderr) ?? 0
        }
        let offset = attachments[index].offset(stream)
        let count = min(end - offset, ProtocolLimits.outputChunk, attachments[index].window)
        guard count > 0 else { return false }
        let file = attachments[index].file(stream, in: journal)
        guard file >= 0, let bytes = System.readAt(file, offset: offset, count: count), !bytes.isEmpty else {
            // Somebody took the file away: say so instead of leaving the reader to wait.
            channel.send(.refused(id, .journal))
            attachments[index].abandon()
            return false
        }
        attachments[index].advance(stream, by: bytes.count)
        channel.send(
            .output(id, token: attachments[index].token, stream: stream, offset: offset, bytes: bytes))
        return true
    }

    /// Tells the readers of a command that it has ended.
    func announce(_ record: ExitRecord, of id: ExecID) {
        guard let index = attachments.firstIndex(where: { $0.id == id }) else { return }
        attachments[index].finalStdout = record.stdoutKept
        attachments[index].finalStderr = record.stderrKept
        channel.send(.exited(id, record))
    }

    /// Gives commands what they are to read, as far as they take it.
    func feedCommands() {
        for command in commands.values where command.input?.feed() == true { reportInput(of: command) }
    }

    func reportInput(of command: RunningCommand) {
        guard let input = command.input, attachments.contains(where: { $0.id == command.id }) else { return }
        channel.send(.input(command.id, input.state))
    }
}
