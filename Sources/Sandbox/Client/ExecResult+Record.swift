import SupervisorProtocol

extension ExecResult {
    init(_ record: ExitRecord) {
        let status: ProcessStatus?
        let ended: Outcome
        switch record.end {
        case .exited(let code): (status, ended) = (.exited(code), .exited(code))
        case .signalled(let number): (status, ended) = (.signalled(number), .signalled(number))
        case .couldNotStart(let errno, let message):
            (status, ended) = (nil, .couldNotStart(errno: errno, message: message))
        case .unrecorded(let message): (status, ended) = (nil, .lost(message))
        }
        let outcome: Outcome =
            switch record.killedBy {
            case _ where status == nil: ended
            case .nobody: record.outOfMemory ? .outOfMemory : ended
            case .timeout: .timedOut
            case .client: .killed(by: .client)
            case .limit: .killed(by: .limit(record.limit))
            }
        self.init(
            outcome: outcome, status: status, cpuMicroseconds: record.cpuMicroseconds, peakKiB: record.peakKiB,
            startedAtMilliseconds: record.startedAtMilliseconds, endedAtMilliseconds: record.endedAtMilliseconds,
            duration: .nanoseconds(record.durationNanoseconds), stdoutBytes: record.stdoutBytes,
            stderrBytes: record.stderrBytes,
            stdoutTruncated: Truncation(
                kept: record.stdoutKept, total: record.stdoutBytes, error: record.stdoutError),
            stderrTruncated: Truncation(
                kept: record.stderrKept, total: record.stderrBytes, error: record.stderrError),
            pipesHeldOpen: record.pipesHeldOpen, survivors: record.survivors,
            outOfMemoryKills: record.outOfMemoryKills)
    }
}

extension ExecResult.Truncation {
    fileprivate init?(kept: Int, total: Int, error: Int32) {
        guard kept < total else { return nil }
        self.init(from: kept, to: total, reason: error == 0 ? .outputLimit : .journal(errno: error))
    }
}
