import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Supervisor {
    /// Notes which commands have ended and reaps every other zombie.
    ///
    /// The process of a command stays a zombie until all that it started is dead: as long as its number is taken, its
    /// session and process group cannot be mistaken for another's.
    func reapChildren() {
        for command in commands.values {
            if case .running = command.phase, cspawn_peek_child(command.pid) > 0 { noteEnd(of: command) }
        }
        reapOrphans()
    }

    /// Stops at the zombie of a command, which stands in front of the others until it is finished.
    private func reapOrphans() {
        var usage = cspawn_usage()
        while true {
            let pid = cspawn_peek_child(0)
            guard pid > 0, commandsByPID[pid] == nil, cspawn_reap(pid, &usage) == 0 else { return }
        }
    }

    private func noteEnd(of command: RunningCommand) {
        command.releaseTerminal()
        command.endedAt = System.monotonicNanoseconds()
        command.endedAtMilliseconds = System.wallMilliseconds()
        // While a kill is under way the descendants have its grace to finish.
        let patience = command.killAt == .max ? command.endedAt + Self.drainNanoseconds : command.killAt
        command.phase = .draining(until: patience)
    }

    /// SIGTERM to everything that belongs to the command; SIGKILL is due after the grace.
    func beginKilling(
        _ command: RunningCommand, by killer: ExitRecord.Killer, limit: String = "", graceMilliseconds: Int
    ) {
        guard command.killedBy == .nobody, case .running = command.phase else { return }
        command.killedBy = killer
        command.limit = limit
        command.terminateAt = .max
        command.killAt = System.monotonicNanoseconds() + graceMilliseconds * 1_000_000
        for entry in members(of: command) {
            kill(entry.pid, SIGTERM)
            // A stopped process acts on it only when it runs again.
            kill(entry.pid, SIGCONT)
        }
    }

    /// Living processes of a command. When no other command runs, everything that lives belongs to it.
    func members(of command: RunningCommand) -> [ProcessTable.Entry] {
        let isAlone = commands.values.allSatisfy { $0 === command || $0.isRecording }
        let found = isAlone ? everything() : ProcessTable().members(leader: command.pid, mark: command.mark)
        return found.filter { !$0.isZombie && $0.pid != getpid() }
    }

    /// Moves every command on that is due.
    func advanceCommands() {
        let now = System.monotonicNanoseconds()
        for command in Array(commands.values) { advance(command, now: now) }
    }

    private func advance(_ command: RunningCommand, now: Int) {
        switch command.phase {
        case .running:
            if now >= command.terminateAt {
                beginKilling(command, by: .timeout, graceMilliseconds: command.graceMilliseconds)
            }
            if now >= command.killAt {
                for entry in members(of: command) { kill(entry.pid, SIGKILL) }
                // Again until the process is seen to have ended: it may have been starting another one.
                command.killAt = now + 20_000_000
            }
        case .draining(let until):
            guard command.pipesAreClosed || now >= until else { return }
            command.pipesHeldOpen = !command.pipesAreClosed
            command.phase = .sweeping(until: now + Self.sweepNanoseconds)
            sweep(command, now: now)
        case .sweeping:
            if now >= command.nextSweep { sweep(command, now: now) }
        case .recording:
            break
        }
    }

    /// Kills what the command left behind; finishes it once nothing is left.
    private func sweep(_ command: RunningCommand, now: Int) {
        guard case .sweeping(let until) = command.phase else { return }
        let left = members(of: command)
        for entry in left { kill(entry.pid, SIGKILL) }
        if !left.isEmpty, now < until {
            command.nextSweep = now + Self.sweepInterval
            return
        }
        command.survivors = left.count
        // Nobody writes any more: what the pipes still hold is all there is. The bound is for survivors.
        for stream in OutputStream.allCases {
            var reads = 0
            while reads < 64, drain(command, stream) { reads += 1 }
        }
        finish(command)
    }

    private func finish(_ command: RunningCommand) {
        var usage = cspawn_usage()
        let reaped = cspawn_reap(command.pid, &usage) == 0
        let end: ExitRecord.End = usage.signal != 0 || !reaped ? .signalled(usage.signal) : .exited(usage.exit_code)
        var record = ExitRecord(fingerprint: command.fingerprint, end: end)
        record.killedBy = command.killedBy
        record.limit = command.limit
        record.outOfMemoryKills = max(0, memory.read() - command.outOfMemoryBefore)
        // A shell tells of a program's SIGKILL by its own exit code.
        record.outOfMemory =
            record.outOfMemoryKills > 0 && command.killedBy == .nobody
            && (end == .signalled(SIGKILL) || end == .exited(128 + SIGKILL))
        record.cpuMicroseconds = Int(clamping: usage.cpu_microseconds)
        record.peakKiB = Int(clamping: usage.peak_kib)
        record.startedAtMilliseconds = command.startedAtMilliseconds
        record.endedAtMilliseconds = command.endedAtMilliseconds
        record.durationNanoseconds = command.endedAt - command.startedAt
        record.stdoutBytes = command.stdout.total
        record.stdoutKept = command.stdout.kept
        record.stdoutError = command.stdout.error
        record.stderrBytes = command.stderr.total
        record.stderrKept = command.stderr.kept
        record.stderrError = command.stderr.error
        record.pipesHeldOpen = command.pipesHeldOpen
        record.survivors = command.survivors
        command.closePipes()
        commandsByPID[command.pid] = nil
        command.phase = .recording
        recorder.submit(
            Recorder.Job(
                id: command.id, record: record, journal: journal, stdout: command.stdout.file,
                stderr: command.stderr.file))
        reapOrphans()
    }

    /// Announces what is on disk now.
    func finishRecorded() {
        for outcome in recorder.takeOutcomes() {
            commands[outcome.id]?.closeFiles()
            commands[outcome.id] = nil
            announce(keep(outcome.record, of: outcome.id, error: outcome.error), of: outcome.id)
        }
    }

    /// The record as it may be told: if it can be kept nowhere, the end of the command is not known to be what it says.
    private func keep(_ record: ExitRecord, of id: ExecID, error: Int32) -> ExitRecord {
        if error == 0 || reserve.write(record, for: id) { return record }
        var lost = record
        lost.end = .unrecorded("its exit record could not be written: \(System.text(of: error))")
        if unrecorded.count >= Self.maximumUnrecorded { unrecorded.removeAll() }
        unrecorded[id] = lost
        return lost
    }

    /// The record of a command that has ended.
    func record(of id: ExecID) -> ExitRecord? {
        journal.record(of: id) ?? reserve.record(of: id) ?? unrecorded[id]
    }
}
