import Glibc
import SupervisorProtocol
import Testing

@testable import Sandbox

@Suite("The journal")
struct JournalTests {
    @Test("On a full disk every loss is said, with its reason, and no end is made up", .enabled(if: geteuid() == 0))
    func fullDisk() async throws {
        var mounted = ""
        defer { if !mounted.isEmpty { umount2(mounted, Int32(MNT_DETACH)) } }
        try await TestSandbox.with(configure: { spec in
            mounted = spec.stateDirectory + "/journal"
            try? TestSandbox.make(mounted)
            if mount("tmpfs", mounted, "tmpfs", 0, "size=1m,mode=0700") != 0 { mounted = "" }
        }) { test in
            try #require(!mounted.isEmpty)
            let first = try await test.shell("head -c 3000000 /dev/zero; echo alive > marker; exit 4")
            #expect(first.result.outcome == .exited(4))
            #expect(first.result.stdoutBytes == 3_000_000)
            let kept = first.stdout.count
            #expect(kept > 500_000 && kept < 1 << 20)
            #expect(
                first.result.stdoutTruncated
                    == ExecResult.Truncation(from: kept, to: 3_000_000, reason: .journal(errno: ENOSPC)))
            // The command was not held up by it.
            #expect(try await test.sandbox.stat("marker") != nil)

            // Records go to the reserve, and from there to whoever asks, until it is full.
            var lost = 0
            var ids: [ExecID] = []
            for number in 0..<(JournalReserve.slots + 5) {
                let request = ExecRequest(arguments: ["/bin/sh", "-c", "echo text; exit \(number % 7)"])
                let finished = try await test.run(request)
                switch finished.result.outcome {
                case .exited(let code):
                    #expect(code == Int32(number % 7))
                    #expect(lost == 0)
                    ids.append(request.id)
                case .lost(let reason):
                    #expect(reason.contains("No space left"), "\(reason)")
                    lost += 1
                default:
                    Issue.record("\(finished.result.outcome)")
                }
                if finished.text.isEmpty {
                    #expect(finished.result.stdoutTruncated?.reason == .journal(errno: ENOSPC))
                } else {
                    #expect(finished.text == "text\n")
                }
                #expect(finished.result.stdoutBytes == 5 || finished.result.status == nil)
            }
            #expect(lost >= 4)
            let last = try #require(ids.last)
            let again = try await test.sandbox.attach(last, stdoutOffset: 0, stderrOffset: 0)
            #expect(try await again.result().status != nil)
            await test.sandbox.stop()
            // Also from outside, when nobody is in there any more.
            let files = JournalFiles(mounted)
            #expect(ids.allSatisfy { files.record(of: $0) != nil })

            // A later sandbox in the same place knows them, with and without space for them.
            let later = try await LocalDriver().create(test.spec)
            for id in ids {
                let handle = try await later.attach(id, stdoutOffset: 0, stderrOffset: 0)
                #expect(try await handle.result().status != nil)
            }
            #expect(try await Finished(later.exec(ExecRequest(arguments: ["true"]))).result.status == nil)
            await later.stop()
            for name in try entries(of: mounted) where name.hasSuffix(".out") { unlink("\(mounted)/\(name)") }
            let roomy = try await LocalDriver().create(test.spec)
            #expect(ids.allSatisfy { access("\(mounted)/\($0).exit", F_OK) == 0 })
            #expect(ids.allSatisfy { files.record(of: $0) != nil })
            #expect(try await Finished(roomy.exec(ExecRequest(arguments: ["true"]))).result.outcome == .exited(0))
            await roomy.stop()
        }
    }

    private func entries(of directory: String) throws -> [String] {
        let stream = try #require(opendir(directory))
        defer { closedir(stream) }
        var names: [String] = []
        while let item = readdir(stream) {
            names.append(
                withUnsafePointer(to: &item.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    @Test("A record in the reserve is found by its command; anything broken is none")
    func reserve() throws {
        let id = ExecID()
        let other = ExecID()
        var record = ExitRecord(
            fingerprint: 1, end: .couldNotStart(errno: 2, message: String(repeating: "ä", count: 3000)))
        record.limit = "disk"
        let bytes =
            JournalReserve.slot(ExitRecord(fingerprint: 2, end: .exited(3)), for: other)
            + JournalReserve.slot(record, for: id)
        #expect(bytes.count == 2 * JournalReserve.slotSize)
        #expect(JournalReserve.record(of: other, in: bytes)?.end == .exited(3))
        let found = try #require(JournalReserve.record(of: id, in: bytes))
        #expect(found.limit == "disk")
        guard case .couldNotStart(2, let message) = found.end else {
            Issue.record("\(found.end)")
            return
        }
        #expect(message.utf8.count <= 256 && message.allSatisfy { $0 == "ä" })
        #expect(JournalReserve.record(of: ExecID(), in: bytes) == nil)
        #expect(JournalReserve.record(of: id, in: Array(bytes.dropLast())) == nil)
        var broken = bytes
        broken[JournalReserve.slotSize + 40] ^= 0xFF
        _ = JournalReserve.record(of: id, in: broken)
        broken[16] = 0xFF
        broken[17] = 0xFF
        #expect(JournalReserve.record(of: other, in: broken) == nil)
    }

    @Test("An unknown end is lost, whatever else the record says")
    func unrecorded() {
        for killer in [ExitRecord.Killer.nobody, .client, .timeout, .limit] {
            var record = ExitRecord(fingerprint: 1, end: .unrecorded("the disk is full"))
            record.killedBy = killer
            let result = ExecResult(record)
            #expect(result.outcome == .lost("the disk is full"))
            #expect(!result.isSuccess)
        }
    }
}
