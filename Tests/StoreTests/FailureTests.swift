import AgentProtocol
import Glibc
import Store
import Testing
import TestSupport

@Suite("A store that cannot be written")
struct FailureTests {
    @Test("What a killed service had logged is there afterwards")
    func killed() async throws {
        let test = try TestStore()
        let log = try test.log()
        for number in 1...400 { try await log.append(delta(number)) }
        // The files as a kill leaves them: never closed, the newest events only in the write-ahead log.
        let image = try TemporaryFolder()
        for name in ["sessions.sqlite", "sessions.sqlite-wal"] {
            try image.write(name, try #require(test.folder.read(name)))
        }
        #expect(try #require(image.read("sessions.sqlite-wal")).count > 100_000)
        let again = try Store(path: "\(image.path)/sessions.sqlite")
        #expect(try again.session("s") == record("s"))
        let log2 = try EventLog(sessionId: "s", store: again)
        #expect(await log2.seq == 400)
        #expect(try await log2.append(delta(401)) == 401)
        #expect(decode(try again.events(of: "s", afterSeq: 399, limit: 1)[0]).event == delta(400))
    }

    @Test("A write-ahead log that a crash cut short costs its newest events, never the others")
    func torn() async throws {
        let test = try TestStore()
        let log = try test.log()
        for number in 1...50 { try await log.append(delta(number)) }
        let image = try TemporaryFolder()
        try image.write("sessions.sqlite", try #require(test.folder.read("sessions.sqlite")))
        let whole = try #require(test.folder.read("sessions.sqlite-wal"))
        try image.write("sessions.sqlite-wal", Array(whole.dropLast(6000)))
        let again = try Store(path: "\(image.path)/sessions.sqlite")
        let last = try again.lastSeq(of: "s")
        #expect(last > 0 && last < 50)
        #expect(try again.events(of: "s", afterSeq: 0, limit: 100).map(\.seq) == Array(1...last))
    }

    @Test("A path that cannot hold a store is an error that names it")
    func cannotOpen() throws {
        let folder = try TemporaryFolder()
        try folder.write("text", "this is no database, it is only a text of some length".appending("x", times: 5000))
        let folders = try folder.makeFolder("folder")
        for path in ["\(folder.path)/none/sessions.sqlite", folders, "\(folder.path)/text"] {
            #expect {
                _ = try Store(path: path)
            } throws: { error in
                guard case StoreError.cannotOpen(path, _)? = error as? StoreError else { return false }
                return "\(error)".contains(path)
            }
        }
        #expect(folder.readText("text")?.hasPrefix("this is no database") == true)
    }

    @Test(
        "A read-only folder is an error", .enabled(if: geteuid() != 0 || SmallDisk.isPossible, "root writes anywhere"))
    func readOnly() throws {
        if geteuid() == 0 {
            let disk = try SmallDisk(megabytes: 1, readOnly: true)
            #expect(throws: StoreError.self) { _ = try Store(path: "\(disk.path)/sessions.sqlite") }
        } else {
            let folder = try TemporaryFolder()
            chmod(folder.path, 0o500)
            #expect(throws: StoreError.self) { _ = try Store(path: "\(folder.path)/sessions.sqlite") }
        }
    }

    @Test(
        "A full disk refuses the event, keeps what there was, and takes events again when there is room",
        .enabled(if: SmallDisk.isPossible, "needs the right to mount a small disk"))
    func fullDisk() async throws {
        let disk = try SmallDisk(megabytes: 2)
        let store = try Store(path: "\(disk.path)/sessions.sqlite")
        try store.save(record("s"))
        let log = try EventLog(sessionId: "s", store: store)
        let ballast = "\(disk.path)/ballast"
        #expect(try HostCommand.run(["dd", "if=/dev/zero", "of=\(ballast)", "bs=1k", "count=512"]).exitCode == 0)
        let text = String(repeating: "x", count: 20_000)
        var stored = 0
        var failure: (any Error)?
        while failure == nil, stored < 1000 {
            do {
                try await log.append(.messageDelta(MessageDelta(itemId: "m", text: text)))
                stored += 1
            } catch {
                failure = error
            }
        }
        guard case StoreError.writeFailed? = failure as? StoreError else {
            Issue.record("after \(stored) events: \(String(describing: failure))")
            return
        }
        #expect(stored > 0)
        #expect(await log.seq == stored)
        #expect(try store.lastSeq(of: "s") == stored)
        // A reader never sees the event that was refused.
        let waiting = Task { try await log.events(afterSeq: stored, limit: 1).map(\.seq) }
        unlink(ballast)
        #expect(try await log.append(delta(1)) == stored + 1)
        #expect(try await waiting.value == [stored + 1])
        #expect(try store.events(of: "s", afterSeq: 0, limit: 2000).map(\.seq) == Array(1...(stored + 1)))
    }
}

extension String {
    fileprivate func appending(_ text: String, times: Int) -> String { self + String(repeating: text, count: times) }
}

/// A disk in memory of some megabytes, where the machine allows to mount one.
final class SmallDisk {
    let path: String
    private let folder: TemporaryFolder

    static let isPossible: Bool = geteuid() == 0 && (try? SmallDisk(megabytes: 1)) != nil

    init(megabytes: Int, readOnly: Bool = false) throws {
        folder = try TemporaryFolder()
        path = try folder.makeFolder("disk")
        let flags = readOnly ? UInt(MS_RDONLY) : 0
        guard mount("tmpfs", path, "tmpfs", flags, "size=\(megabytes)m") == 0 else { throw HostFailure(errno) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}
