import Glibc
import SupervisorProtocol
import TestSupport
import Testing

@testable import Sandbox
@testable import Supervisor

/// A record claims what is on disk: the flush comes first, and what it says goes into the record.
struct RecorderTests {
    enum Stream: CaseIterable {
        case stdout, stderr
    }

    /// Flushing a pipe fails, so that a record which knows of it was written afterwards.
    @Test(arguments: Stream.allCases) func outputIsFlushedBeforeTheRecordIsWritten(_ broken: Stream) throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let file = open(directory + "/sound", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        let ends = try PrivatePipe()
        defer { for descriptor in [folder, file] + [ends.readEnd, ends.writeEnd] { close(descriptor) } }
        let journal = Journal(directory: folder)
        let recorder = try #require(Recorder())
        var record = ExitRecord(fingerprint: 7, end: .exited(0))
        (record.stdoutBytes, record.stderrBytes) = (10, 20)
        (record.stdoutKept, record.stderrKept) = (10, 20)
        let id = ExecID()
        recorder.submit(
            Recorder.Job(
                id: id, record: record, journal: journal, stdout: broken == .stdout ? ends.writeEnd : file,
                stderr: broken == .stderr ? ends.writeEnd : file))
        var outcomes: [Recorder.Outcome] = []
        while outcomes.isEmpty {
            var polled = pollfd(fd: recorder.descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&polled, 1, 120_000) == 1)
            outcomes = recorder.takeOutcomes()
        }
        switch broken {
        case .stdout: (record.stdoutError, record.stdoutKept) = (EINVAL, 0)
        case .stderr: (record.stderrError, record.stderrKept) = (EINVAL, 0)
        }
        #expect(outcomes.map(\.record) == [record] && outcomes.map(\.error) == [0])
        // What the disk has is what is announced.
        #expect(journal.record(of: id) == record)
    }
}
