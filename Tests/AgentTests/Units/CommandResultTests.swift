import AgentProtocol
import Sandbox
import Testing

@testable import Agent

@Suite("How the end of a command is told")
struct CommandResultTests {
    @Test("Each end has words of its own")
    func ends() {
        let ends: [(ExecResult.Outcome, CommandResult.Status)] = [
            (.exited(0), .exited), (.exited(137), .exited), (.signalled(9), .signalled), (.timedOut, .timedOut),
            (.killed(by: .client), .killed), (.killed(by: .limit("disk")), .killed), (.outOfMemory, .outOfMemory),
            (.couldNotStart(errno: 2, message: "x: not found"), .couldNotStart), (.lost("gone"), .lost),
        ]
        var summaries: Set<String> = []
        for (outcome, status) in ends {
            let result = CommandResult(ExecResult(outcome: outcome))
            #expect(result.status == status)
            #expect(result.succeeded == (outcome == .exited(0)))
            summaries.insert(result.summary)
        }
        #expect(summaries.count == ends.count)
    }

    @Test("Output that was not kept is said, and why")
    func losses() {
        var end = ExecResult(outcome: .exited(0), stdoutBytes: 900, stderrBytes: 70)
        #expect(CommandResult(end).summary == "exit code 0")
        end.stdoutTruncated = ExecResult.Truncation(from: 100, to: 900)
        end.stderrTruncated = ExecResult.Truncation(from: 0, to: 70, reason: .journal(errno: 28))
        let result = CommandResult(end)
        #expect(result.stdoutTruncated == OutputTruncation(from: 100, to: 900, reason: .outputLimit))
        #expect(
            result.stderrTruncated == OutputTruncation(from: 0, to: 70, reason: .journal, message: "the disk is full"))
        #expect(
            result.summary == "exit code 0; bytes 100 to 900 of stdout were not kept (limit of output); "
                + "bytes 0 to 70 of stderr were not kept (the disk is full)")
    }
}
