import SupervisorProtocol

/// A reader of one command's output: how far it is and how far it may go.
struct Attachment {
    let id: ExecID
    let token: UInt64
    var stdoutOffset: Int
    var stderrOffset: Int
    /// Bytes that may be sent before the reader gives credit.
    var window: Int
    /// Files of the journal, opened when there is something to read; -1 before.
    var stdoutFile: Int32 = -1
    var stderrFile: Int32 = -1
    /// Bytes to send in all, known once the command has ended.
    var finalStdout: Int?
    var finalStderr: Int?

    func offset(_ stream: OutputStream) -> Int {
        stream == .stdout ? stdoutOffset : stderrOffset
    }

    mutating func advance(_ stream: OutputStream, by count: Int) {
        if stream == .stdout { stdoutOffset += count } else { stderrOffset += count }
        window -= count
    }

    /// Sends nothing more.
    mutating func abandon() {
        finalStdout = 0
        finalStderr = 0
        window = 0
    }

    var isComplete: Bool {
        guard let finalStdout, let finalStderr else { return false }
        return stdoutOffset >= finalStdout && stderrOffset >= finalStderr
    }

    /// The open file of a stream; negative when there is none yet.
    mutating func file(_ stream: OutputStream, in journal: Journal) -> Int32 {
        if stream == .stdout {
            if stdoutFile < 0 { stdoutFile = journal.open(id, stream) }
            return stdoutFile
        }
        if stderrFile < 0 { stderrFile = journal.open(id, stream) }
        return stderrFile
    }

    func close() {
        if stdoutFile >= 0 { System.close(stdoutFile) }
        if stderrFile >= 0 { System.close(stderrFile) }
    }
}
