import Store
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Checkpoints", .timeLimit(.minutes(10)))
struct CheckpointTests {
    private static let megabyte = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)

    /// Far below the size at which a commit itself makes room.
    @Test("What was written gets into the database while the store is open, with no further write")
    func besideTheWriter() async throws {
        let test = try TestStore()
        try test.store.save(record("s"))
        for seq in 1...16 { try test.store.append([LoggedEvent(seq: seq, params: Self.megabyte)], to: "s") }
        while Self.size("\(test.folder.path)/sessions.sqlite") < 1 << 20 {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try test.store.lastSeq(of: "s") == 16)
    }

    @Test("The write-ahead log stays bounded however much is written")
    func bounded() throws {
        let test = try TestStore()
        try test.store.save(record("s"))
        for seq in 1...160 { try test.store.append([LoggedEvent(seq: seq, params: Self.megabyte)], to: "s") }
        // 64 MiB, frame headers, and what was written while a checkpoint ran.
        #expect(Self.size("\(test.folder.path)/sessions.sqlite-wal") < 96 << 20)
        let events = try test.store.events(of: "s", afterSeq: 0, limit: 200, byteLimit: .max)
        #expect(events.map(\.seq) == Array(1...160) && events.allSatisfy { $0.params == Self.megabyte })
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
