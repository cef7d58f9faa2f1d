import Glibc
import TestSupport
import Testing

@testable import Sandbox

/// What a damaged disk puts before the store of snapshots.
struct SnapshotDamageTests {
    private typealias Base = SnapshotStoreTests

    @Test func aCopyThatIsCutIsNotTakenForTheFile() throws {
        try Base.with { directory, store in
            try TestSandbox.write(directory + "/live/f", "all of it")
            _ = try store.take(0, of: Base.live(directory), marks: .user) { false }
            try #require(truncate(store.directory + "/objects/1", 3) == 0)
            #expect {
                try store.materialise(0, into: Base.live(directory), marks: .user, owner: nil)
            } throws: { error in
                "\(error)".contains("workspace/f is damaged")
            }
        }
    }

    /// What it says goes to the user, who knows no directory of the service.
    @Test func failuresNameNoDirectoryOfTheService() throws {
        try Base.with { directory, store in
            func failure(_ body: () throws -> Void) -> String {
                do { try body() } catch { return "\(error)" }
                return "none"
            }
            var texts = [failure { _ = try SnapshotStore(directory: directory + "/no/such") }]
            try TestSandbox.write(directory + "/live/f", "f")
            try LocalDriver.discard(stateDirectory: store.directory + "/steps")
            texts.append(failure { _ = try store.take(0, of: Base.live(directory), marks: .user) { false } })
            try LocalDriver.discard(stateDirectory: store.directory + "/objects")
            texts.append(failure { _ = try store.take(1, of: Base.live(directory), marks: .user) { false } })
            try LocalDriver.discard(stateDirectory: directory + "/live")
            texts.append(failure { _ = try store.take(2, of: Base.live(directory), marks: .user) { false } })
            for text in texts { #expect(text != "none" && !text.contains(directory), "\(text)") }
        }
    }

    @Test func timesAtTheEdgeOfTheNumbersAreHarmless() {
        for seconds in [Int.min, -9_223_372_037, 0, 9_223_372_037, Int.max] {
            for part in [Int.min, -1, 0, 999_999_999, Int.max] {
                let time = SnapshotScan.nanoseconds(timespec(tv_sec: seconds, tv_nsec: part))
                var manifest = SnapshotManifest(kind: .user)
                manifest.readAt = time
                manifest.wasBusy = true
                var entry = SnapshotEntry(kind: .fifo, mode: 0o600, modified: time)
                entry.stamp.changed = time
                manifest.append(Array("workspace".utf8), entry)
                _ = manifest.isTrusted(entry)
                let read = SnapshotManifest(manifest.bytes)
                #expect(read?.readAt == time && read?.items == manifest.items)
            }
        }
        // Not what any scan gives.
        var manifest = SnapshotManifest(kind: .user)
        manifest.readAt = .min
        #expect(SnapshotManifest(manifest.bytes) == nil)
    }

    @Test(arguments: ["", "/", "workspace/", "/workspace", "workspace//f", "workspace/..", "./f", "workspace/f\0g"])
    func pathsThatLeadElsewhereAreNone(_ path: String) {
        var manifest = SnapshotManifest(kind: .user)
        manifest.append(Array(path.utf8), SnapshotEntry(kind: .fifo, mode: 0o600, modified: 0))
        #expect(SnapshotManifest(manifest.bytes) == nil)
    }

    /// Whatever bytes lie where a manifest should be: an error at most.
    @Test(arguments: 1...4) func hostileManifestsTrapNothing(_ seed: UInt64) throws {
        try Base.with { directory, store in
            var random = SeededGenerator(seed: seed)
            var tree = RandomTree(root: directory + "/live", random: SeededGenerator(seed: seed))
            tree.change(times: 40)
            _ = try store.take(0, of: Base.live(directory), marks: Base.marks) { false }
            let path = store.directory + "/steps/0"
            let manifest = TestSandbox.bytes(path)
            var readable = 0
            for number in 0..<1500 {
                var bytes = manifest
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 2:
                        let edge = [Int.min, .max, -1, 0, 1 << 62].randomElement(using: &random) ?? 0
                        withUnsafeBytes(of: edge.littleEndian) {
                            for (offset, byte) in $0.enumerated() where place + offset < bytes.count {
                                bytes[place + offset] = byte
                            }
                        }
                    default: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
                    }
                }
                guard let read = SnapshotManifest(bytes) else { continue }
                readable += 1
                for item in read.items { _ = read.isTrusted(item.entry) }
                _ = read.differences(from: SnapshotManifest(manifest) ?? read)
                guard number % 10 == 0 else { continue }
                try Self.put(bytes, path)
                let copy = "\(directory)/copy"
                try TestSandbox.make(copy)
                let opened = try SnapshotStore(directory: store.directory)
                try? opened.materialise(
                    0, into: [SnapshotRoot(name: "workspace", path: copy)], marks: Base.marks, owner: nil)
                _ = try? opened.take(1, of: Base.live(directory), marks: Base.marks) { false }
                #expect(opened.bytes >= 0)
                unlink(store.directory + "/steps/1")
                try LocalDriver.discard(stateDirectory: copy)
            }
            #expect(readable > 0)
        }
    }

    private static func put(_ bytes: [UInt8], _ path: String) throws {
        let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        defer { close(file) }
        try #require(write(file, bytes, bytes.count) == bytes.count)
    }
}
