import AgentProtocol
import Glibc
import JSON
import Models
import Sandbox
import TestSupport
import Testing

@testable import Agent

@Suite("Steps of a session", .timeLimit(.minutes(10)))
struct StepTests {
    /// A sandbox that counts its snapshots, or has no room for them.
    private struct Photographed: Sandbox {
        let inner: FakeSandbox
        let isFull: Bool

        var id: String { inner.id }
        var takesSnapshots: Bool { true }

        func snapshot(_ step: Int, into store: SnapshotStore) async throws -> SnapshotReport {
            if isFull { throw SandboxError.snapshotFailed("the copies cannot be written: No space left on device") }
            return SnapshotReport(
                changedFiles: step, bytes: step, isConsistent: true, removedSteps: step == 2 ? [0] : [])
        }

        func exec(_ request: ExecRequest) async throws -> any ExecHandle { try await inner.exec(request) }
        func stat(_ path: String) async throws -> FileStatus? { try await inner.stat(path) }
        func readFile(_ path: String, offset: Int, maximumBytes: Int) async throws -> FileContents {
            try await inner.readFile(path, offset: offset, maximumBytes: maximumBytes)
        }
        func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32?) async throws {
            try await inner.writeFile(path, bytes, mode: mode)
        }
        func removeFile(_ path: String) async throws { try await inner.removeFile(path) }
        func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing {
            try await inner.listFiles(path, recursive: recursive, maximumEntries: maximumEntries)
        }
        func changes() async throws -> [WorkspaceChange] { try await inner.changes() }
        func stop() async { await inner.stop() }
        var termination: SandboxTermination { get async { await inner.termination } }
    }

    private func session(isFull: Bool) throws -> TestSession {
        let driver = FakeDriver { spec in
            Photographed(inner: FakeSandbox(id: spec.id, base: [:]) { _, _ in FakeCommand() }, isFull: isFull)
        }
        return try TestSession(.init(), driver: driver, [Say.calls(run("1", "true")), Say.text("Done.")])
    }

    @Test("The start, each round of calls and the end of a turn are steps, each after the one before")
    func steps() async throws {
        let test = try session(isFull: false)
        try await test.session.start()
        let turn = try await test.turn()
        #expect(turn.outcome == .answered)
        let taken = try test.events().compactMap { if case .snapshotTaken(let event) = $0 { event } else { nil } }
        #expect(
            taken == [
                SnapshotTaken(step: 0, parent: nil, changedFiles: 0, bytes: 0, consistent: true),
                SnapshotTaken(step: 1, parent: 0, changedFiles: 1, bytes: 1, consistent: true),
                SnapshotTaken(step: 2, parent: 1, changedFiles: 2, bytes: 2, consistent: true, removedSteps: [0]),
            ])
        let wrong = AgentRestore.Params(sessionId: "s", step: 3)
        await #expect(throws: AgentError.self) { try await test.session.restore(wrong) }
        try await test.finish()
        await #expect(throws: AgentError.self) { try await test.session.restore(wrong) }
    }

    @Test("A disk that is full costs the step, not the session")
    func fullDisk() async throws {
        let test = try session(isFull: true)
        try await test.session.start()
        let turn = try await test.turn()
        #expect(turn.outcome == .answered)
        let failed = try test.events().compactMap { if case .snapshotFailed(let event) = $0 { event } else { nil } }
        #expect(failed.map(\.step) == [0, 1, 2])
        #expect(failed.allSatisfy { $0.reason.contains("No space left on device") })
        let none = AgentRestore.Params(sessionId: "s", step: 1)
        await #expect(throws: AgentError.self) { try await test.session.restore(none) }
        try await test.finish()
    }

    @Test("A commit that cannot be made costs the step, and the next one holds its changes; a killed service makes it")
    func commits() async throws {
        let folder = try TemporaryFolder()
        let history = "\(folder.path)/state.git/cofferdam.json"
        let driver = FakeDriver { spec in
            Photographed(
                inner: FakeSandbox(id: spec.id, base: ["a": Array("0\n".utf8)]) { request, sandbox in
                    let number = request.arguments.last ?? ""
                    sandbox["a"] = "\(number)\n"
                    if number == "1" {
                        // Nothing can be put into its place.
                        rename(history, history + ".aside")
                        mkdir(history, 0o700)
                        mkdir(history + "/x", 0o700)
                    } else {
                        rmdir(history + "/x")
                        rmdir(history)
                        rename(history + ".aside", history)
                    }
                    return FakeCommand()
                }, isFull: true)
        }
        var options = TestSession.Options()
        options.folder = folder
        options.files = ["a": "0\n"]
        let test = try TestSession(
            options, driver: driver,
            [Say.calls(run("1", "echo", "1")), Say.calls(run("2", "echo", "2")), Say.text("Done.")])
        try await test.session.start()
        _ = try await test.turn()
        let failed = try test.events().compactMap { if case .commitFailed(let event) = $0 { event } else { nil } }
        #expect(failed.map(\.step) == [1])
        let made = try test.events().compactMap { if case .stepCommitted(let event) = $0 { event } else { nil } }
        // Steps are committed also where the disk has no room for snapshots.
        #expect(made.map(\.step) == [2])
        let repository = SessionRepository(stateDirectory: folder.path + "/state")
        #expect(try repository.steps().tip == made[0].commit)
        let diff = try repository.difference(AgentDiff.Params(sessionId: "s", step: 2), limits: AgentLimits())
        #expect(diff.patch.hasSuffix("-0\n+2\n"))
        // The event is not in the log when the service ends: the same commit is made again, once.
        let again = try await test.killed(driver: driver, []) { store in
            let intent = KeptCommit(step: 2, time: 1, prompt: nil, model: "m", checks: [])
            try store.append([], keeping: [.value(KeptKey.commit, intent)], to: "s")
        }
        let second: StepCommitted = try await again.next {
            if case .stepCommitted(let event) = $0, event.parent == made[0].parent { event } else { nil }
        }
        #expect(second.tree == made[0].tree)
        #expect(try repository.steps().commits.filter { $0.step == 2 }.count == 1)
        try await again.finish()
    }

    @Test("The number of a step that has a commit and no snapshot is not given again by the next service")
    func numbers() async throws {
        let folder = try TemporaryFolder()
        let sandbox = FakeSandbox(id: "s", base: ["a": Array("0\n".utf8)]) { request, sandbox in
            sandbox["a"] = "\(request.arguments.last ?? "")\n"
            return FakeCommand()
        }
        var driver = FakeDriver { _ in Photographed(inner: sandbox, isFull: true) }
        driver.left = { _ in Photographed(inner: sandbox, isFull: true) }
        var options = TestSession.Options()
        options.folder = folder
        options.files = ["a": "0\n"]
        let test = try TestSession(options, driver: driver, [Say.calls(run("1", "echo", "1")), Say.text("Done.")])
        try await test.session.start()
        _ = try await test.turn()
        _ = try await test.state(.idle)
        let next = try await test.killed(driver: driver, [Say.calls(run("2", "echo", "2")), Say.text("Done.")])
        _ = try await next.session.prompt(AgentPrompt.Params(sessionId: "s", text: "Go on"))
        for _ in 1...2 { _ = try await next.turn() }
        let made = try next.events().compactMap { if case .stepCommitted(let event) = $0 { event } else { nil } }
        // Steps 0 to 2 are of the first service: its start, its calls, the end of its turn.
        #expect(made.map(\.step) == [1, 3])
        #expect(made.last?.parent == made.first?.commit)
        let repository = SessionRepository(stateDirectory: folder.path + "/state")
        #expect(try repository.steps().commits.map(\.commit).filter(made.map(\.commit).contains).count == 2)
        try await next.finish()
    }

    @Test("What is kept of steps gives each of them again, whatever way they were come by", arguments: 1...8)
    func history(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var history = StepHistory()
        var expected: [Int: StepState] = [:]
        var state = StepState()
        for _ in 0..<40 {
            if Int.random(in: 0..<4, using: &random) == 0,
                let back = expected.keys.sorted().randomElement(using: &random)
            {
                state = try #require(expected[back])
                history.goTo(back, state)
            }
            for _ in 0..<Int.random(in: 0..<3, using: &random) {
                let text = "\(Int.random(in: 0..<100, using: &random))"
                if state.messages.last?.role == .user, Bool.random(using: &random) {
                    state.messages[state.messages.count - 1].content.append(.text(text))
                } else {
                    let role: ModelMessage.Role = state.messages.last?.role == .user ? .assistant : .user
                    state.messages.append(ModelMessage(role: role, content: [.text(text)]))
                }
            }
            state.products.insert("p\(Int.random(in: 0..<9, using: &random))")
            if let gone = state.products.sorted().randomElement(using: &random), Bool.random(using: &random) {
                state.products.remove(gone)
                state.touched.insert(gone)
            }
            state.notes = Bool.random(using: &random) ? ["note"] : []
            state.checks.items += 1
            let step = history.begin()
            history.add(step, history.change(to: state), state)
            expected[step] = state
        }
        // Through the form in which they are kept.
        var records: [Int: KeptStep] = [:]
        for (step, record) in history.records {
            records[step] = try JSONCoder.decode(KeptStep.self, from: JSONCoder.encode(record))
        }
        var again = StepHistory()
        again.recall(records, history.kept)
        #expect(again.next == 40)
        for (step, state) in expected {
            let found = try again.state(at: step)
            #expect(found.messages == state.messages && found.notes == state.notes, "step \(step)")
            #expect(found.products == state.products && found.touched == state.touched, "step \(step)")
            #expect(found.checks.items == state.checks.items, "step \(step)")
        }
        #expect(throws: AgentError.self) { try again.state(at: 40) }
    }
}
