import CSpawn
import Glibc
import SupervisorProtocol
import Testing

@testable import Sandbox

@Suite("The supervisor by itself")
struct SupervisorTests {
    @Test("SIGKILL is out of memory only when the kernel has counted one")
    func outOfMemory() throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let counter = directory + "/memory.events"
        try TestSandbox.write(counter, "low 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n")
        let supervisor = try DirectSupervisor(counter: counter)
        defer { supervisor.end() }
        let line = try supervisor.connect()
        try line.greet()

        _ = line.start("kill -KILL $$")
        var record = try line.exit()
        #expect(!record.outOfMemory && record.outOfMemoryKills == 0)
        #expect(ExecResult(record).outcome == .signalled(SIGKILL))

        _ = line.start("echo oom_kill 3 > \(counter); kill -KILL $$")
        record = try line.exit()
        #expect(record.outOfMemory && record.outOfMemoryKills == 1)
        #expect(ExecResult(record).outcome == .outOfMemory)
        #expect(ExecResult(record).status == .signalled(SIGKILL))
        #expect(!ExecResult(record).isSuccess)

        // A shell whose program was killed, and one that went on regardless.
        _ = line.start("echo oom_kill 4 > \(counter); exit 137")
        record = try line.exit()
        #expect(ExecResult(record).outcome == .outOfMemory)
        _ = line.start("echo oom_kill 5 > \(counter); exit 1")
        record = try line.exit()
        #expect(ExecResult(record).outcome == .exited(1))
        #expect(record.outOfMemoryKills == 1)

        // Version 1 of control groups; then nonsense, which counts as nothing.
        _ = line.start("printf 'oom_kill_disable 0\\nunder_oom 0\\noom_kill 6\\n' > \(counter); kill -KILL $$")
        #expect(try ExecResult(line.exit()).outcome == .outOfMemory)
        _ = line.start("head -c 9000 /dev/urandom > \(counter); kill -KILL $$")
        #expect(try ExecResult(line.exit()).outcome == .signalled(SIGKILL))
    }

    @Test("A killed command is killed, not out of memory, also when memory ran out meanwhile")
    func killedFirst() throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let counter = directory + "/memory.events"
        try TestSandbox.write(counter, "oom_kill 0\n")
        let supervisor = try DirectSupervisor(counter: counter)
        defer { supervisor.end() }
        let line = try supervisor.connect()
        try line.greet()
        let id = line.start("echo oom_kill 1 > \(counter); echo up; trap '' TERM; while :; do sleep 0.05; done")
        while let event = try line.next() { if case .output = event { break } }
        line.send(.kill(id, graceMilliseconds: 50, limit: "disk"))
        let record = try line.exit()
        #expect(ExecResult(record).outcome == .killed(by: .limit("disk")))
        #expect(record.outOfMemoryKills == 1)
    }

    @Test("A newer connection takes over; what an older one asked for does not reach it")
    func replaced() throws {
        let supervisor = try DirectSupervisor()
        defer { supervisor.end() }
        let older = try supervisor.connect()
        try older.greet()
        let id = older.start("echo one; read line; echo $line", interactive: true)
        while let event = try older.next() { if case .output = event { break } }
        let newer = try supervisor.connect()
        try newer.greet()
        #expect(try older.next() == .replaced)
        #expect(try older.next() == nil)
        newer.send(.input(id, offset: 0, bytes: Array("two\n".utf8)))
        newer.send(.attach(id, token: 9, stdoutOffset: 2, stderrOffset: 0, window: 100))
        var text: [UInt8] = []
        var record: ExitRecord?
        while record == nil || text.count < 6, let event = try newer.next() {
            switch event {
            case .output(_, let token, _, let offset, let bytes):
                #expect(token == 9 && offset == 2 + text.count)
                text += bytes
            case .exited(_, let ended): record = ended
            default: break
            }
        }
        #expect(text == Array("e\ntwo\n".utf8))
        #expect(record?.end == .exited(0))
    }

    @Test("Whoever breaks the protocol is told and shown out; commands run on")
    func brokenProtocol() throws {
        let supervisor = try DirectSupervisor()
        defer { supervisor.end() }
        let first = try supervisor.connect()
        try first.greet()
        let id = first.start("read line; echo got $line", interactive: true)
        first.send(.input(id, offset: 5, bytes: [1]))
        try expectShownOut(first)
        let offences: [[UInt8]] = [
            SupervisorRequest.hello(version: 1).encoded(), SupervisorRequest.detach(id, token: 1).encoded(),
            [0xFF, 0xFF, 0xFF, 0xFF, 1], [0, 0, 0, 0, 200],
        ]
        for offence in offences {
            let line = try supervisor.connect()
            line.send(offence)
            try expectShownOut(line)
        }
        let last = try supervisor.connect()
        try last.greet()
        last.send(.attach(id, token: 2, stdoutOffset: 0, stderrOffset: 0, window: 100))
        last.send(.input(id, offset: 0, bytes: Array("it\n".utf8)))
        // Sent twice, taken once.
        last.send(.input(id, offset: 0, bytes: Array("it\n".utf8)))
        #expect(try last.exit().end == .exited(0))
    }

    private func expectShownOut(_ line: DirectSupervisor.Line) throws {
        var told = false
        while let event = try line.next() { if case .failed = event { told = true } }
        #expect(told)
    }

    @Test("Another user than the service's is not let in")
    func stranger() throws {
        let supervisor = try DirectSupervisor(peerUser: geteuid() + 1)
        defer { supervisor.end() }
        #expect(try supervisor.connect().next() == nil)
    }

    @Test("A supervisor that stands still is waited for, also when no more connections find room before it")
    func fullQueue() async throws {
        let supervisor = try DirectSupervisor()
        defer { supervisor.end() }
        // A stopped one has let in what came before.
        try supervisor.connect().greet()
        kill(supervisor.pid, SIGSTOP)
        defer { kill(supervisor.pid, SIGCONT) }
        let folder = open(supervisor.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(folder) }
        var waiting: [Int32] = []
        defer { for descriptor in waiting { close(descriptor) } }
        var code: Int32 = 0
        while waiting.count < 100 {
            code = cspawn_connect_local(folder, "control.sock", 1)
            if code < 0 { break }
            waiting.append(code)
        }
        #expect(code == -EAGAIN)
        // Whom nobody wants any more is not waited for.
        #expect(RunningSandbox.connect(folder, "control.sock") { true } == -EAGAIN)
        var asked = 0
        let line = DirectSupervisor.Line(
            RunningSandbox.connect(folder, "control.sock") {
                asked += 1
                if asked == 2 { kill(supervisor.pid, SIGCONT) }
                return false
            })
        #expect(asked >= 2)
        try line.greet()
    }

    @Test("A window of input that is not kept to ends the connection")
    func inputWindow() throws {
        let supervisor = try DirectSupervisor()
        defer { supervisor.end() }
        let line = try supervisor.connect()
        try line.greet()
        let id = line.start("sleep 1000", interactive: true)
        let part = [UInt8](repeating: 0x61, count: ProtocolLimits.inputPart)
        var offset = 0
        var isOut = false
        // The pipe holds some, the supervisor the window; the rest of these is too much.
        while !isOut, offset < 4 << 20 {
            line.send(.input(id, offset: offset, bytes: part))
            offset += part.count
            while let event = try line.next() {
                if case .failed = event { isOut = true }
                if case .input = event { break }
            }
        }
        #expect(isOut)
        #expect(offset > ProtocolLimits.inputWindow)
    }

    @Test("Without anybody it ends, with all that it started; a caller that says nothing is nobody")
    func orphan() throws {
        let supervisor = try DirectSupervisor(orphanMilliseconds: 400)
        defer { supervisor.end() }
        var line: DirectSupervisor.Line? = try supervisor.connect()
        try line?.greet()
        _ = line?.start("echo $$ > \(supervisor.directory)/pid; sleep 1000")
        while TestSandbox.read(supervisor.directory + "/pid")?.hasSuffix("\n") != true { usleep(2_000) }
        let text = try #require(TestSandbox.read(supervisor.directory + "/pid")).dropLast()
        let command = try #require(pid_t(text).flatMap { ProcessIdentity(pid: $0)?.open() })
        defer { Descriptors.close(command) }
        line = nil
        let mute = try supervisor.connect()
        #expect(supervisor.exitStatus() == 0)
        withExtendedLifetime(mute) {}
        #expect(ProcessIdentity.wait(command, milliseconds: 60_000))
    }
}
