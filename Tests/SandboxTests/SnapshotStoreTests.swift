import Glibc
import TestSupport
import Testing

@testable import Sandbox

/// The store of snapshots, on plain directories.
struct SnapshotStoreTests {
    static func with(
        _ limits: SnapshotLimits = .init(), _ body: (_ directory: String, _ store: SnapshotStore) throws -> Void
    ) throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        try TestSandbox.make(directory + "/live")
        try body(directory, SnapshotStore(directory: directory + "/snapshots", limits: limits))
    }

    /// As overlays are marked for this user.
    static var marks: OverlayChanges.Attributes { geteuid() == 0 ? .trusted : .user }

    static func live(_ directory: String) -> [SnapshotRoot] {
        [SnapshotRoot(name: "workspace", path: directory + "/live")]
    }

    /// What a step gives in a fresh directory.
    static func restored(_ step: Int, _ store: SnapshotStore, _ directory: String) throws -> TreeDescription {
        let copy = "\(directory)/copy-\(step)"
        try TestSandbox.make(copy)
        defer { try? LocalDriver.discard(stateDirectory: copy) }
        // A store of its own: the steps of the first are still taken of the live tree.
        try SnapshotStore(directory: store.directory, limits: store.limits)
            .materialise(step, into: [SnapshotRoot(name: "workspace", path: copy)], marks: marks, owner: nil)
        return TreeDescription(copy, marks: marks)
    }

    @Test(arguments: 1...6)
    func everyStepStaysAsItWas(_ seed: UInt64) throws {
        try Self.with { directory, store in
            var tree = RandomTree(root: directory + "/live", random: SeededGenerator(seed: seed))
            var expected: [Int: TreeDescription] = [:]
            for step in 0..<6 {
                tree.change(times: 25)
                expected[step] = TreeDescription(tree.root, marks: Self.marks)
                let report = try store.take(step, of: Self.live(directory), marks: Self.marks) { false }
                #expect(report.isConsistent)
            }
            tree.change(times: 25)
            for (step, description) in expected {
                let found = try Self.restored(step, store, directory)
                #expect(found.differences(from: description) == [], "step \(step)")
            }
        }
    }

    /// After going back, snapshots are taken of the restored tree, and share with what is there.
    @Test(arguments: 1...4)
    func goingBackAndForthKeepsEveryStep(_ seed: UInt64) throws {
        try Self.with { directory, store in
            let root = directory + "/live"
            var random = SeededGenerator(seed: seed)
            var expected: [Int: TreeDescription] = [:]
            for step in 0..<8 {
                var tree = RandomTree(root: root, random: SeededGenerator(seed: random.next()))
                tree.change(times: 20)
                expected[step] = TreeDescription(root, marks: Self.marks)
                _ = try store.take(step, of: Self.live(directory), marks: Self.marks) { false }
                let back = Int.random(in: 0...step, using: &random)
                try LocalDriver.discard(stateDirectory: root)
                try TestSandbox.make(root)
                try store.materialise(back, into: Self.live(directory), marks: Self.marks, owner: nil)
                let description = try #require(expected[back])
                #expect(
                    TreeDescription(root, marks: Self.marks).differences(from: description) == [],
                    "\(step) back to \(back)")
            }
        }
    }

    @Test func whatDidNotChangeIsNotCopiedAgain() throws {
        try Self.with { directory, store in
            for number in 0..<20 {
                try TestSandbox.write("\(directory)/live/f\(number)", String(repeating: "x", count: 100_000))
            }
            let first = try store.take(0, of: Self.live(directory), marks: .user) { false }
            #expect(first.changedFiles == 20)
            #expect(first.bytes >= 2_000_000)
            let second = try store.take(1, of: Self.live(directory), marks: .user) { false }
            #expect(second == SnapshotReport(changedFiles: 0, bytes: 0, isConsistent: true))
            try TestSandbox.write("\(directory)/live/f7", "new")
            unlink("\(directory)/live/f8")
            let third = try store.take(2, of: Self.live(directory), marks: .user) { false }
            #expect(third.changedFiles == 2)
            #expect(third.bytes <= 8192)
            // Neither is it after going back.
            try LocalDriver.discard(stateDirectory: directory + "/live")
            try TestSandbox.make(directory + "/live")
            try store.materialise(0, into: Self.live(directory), marks: .user, owner: nil)
            let fourth = try store.take(3, of: Self.live(directory), marks: .user) { false }
            #expect(fourth.changedFiles == 0)
            #expect(fourth.bytes == 0)
        }
    }

    /// The clock of a file system stands still for milliseconds: equal times prove nothing then.
    @Test func changesWithinATickAreSeen() throws {
        try Self.with { directory, store in
            let path = directory + "/live/f"
            for step in 0..<200 {
                try TestSandbox.write(path, "\(step % 10)")
                _ = try store.take(step, of: Self.live(directory), marks: .user) { false }
            }
            for step in [0, 57, 123, 199] {
                let found = try Self.restored(step, store, directory)
                #expect(found.files["f"]?.contents == Array("\(step % 10)".utf8), "step \(step)")
            }
        }
    }

    @Test func aBusySandboxIsDoubted() throws {
        try Self.with { directory, store in
            try TestSandbox.write(directory + "/live/f", "1")
            let report = try store.take(0, of: Self.live(directory), marks: .user) { true }
            #expect(!report.isConsistent)
            // Mapped pages change without another time: what was read then is compared.
            #expect(try store.take(1, of: Self.live(directory), marks: .user) { false }.isConsistent)
        }
    }

    @Test func theOldestStepsMakeRoom() throws {
        var limits = SnapshotLimits()
        limits.bytes = 1 << 20
        try Self.with(limits) { directory, store in
            var removed: [Int] = []
            for step in 0..<8 {
                try TestSandbox.write(directory + "/live/f", String(repeating: "\(step)", count: 300_000))
                removed += try store.take(step, of: Self.live(directory), marks: .user) { false }.removedSteps
            }
            #expect(removed == [0, 1, 2, 3, 4])
            #expect(store.steps == [5, 6, 7])
            #expect(store.bytes <= limits.bytes)
            #expect(throws: SandboxError.self) {
                try store.materialise(2, into: Self.live(directory), marks: .user, owner: nil)
            }
            let found = try Self.restored(6, store, directory)
            #expect(found.files["f"]?.contents == [UInt8](repeating: UInt8(ascii: "6"), count: 300_000))
            // More than there may be at all is refused, and what is there stays.
            try TestSandbox.write(directory + "/live/g", String(repeating: "g", count: 2 << 20))
            #expect(throws: SandboxError.self) { try store.take(8, of: Self.live(directory), marks: .user) { false } }
            #expect(store.steps == [5, 6, 7])
            let again = try Self.restored(7, store, directory)
            #expect(again.files["f"]?.contents == [UInt8](repeating: UInt8(ascii: "7"), count: 300_000))
        }
    }

    /// A service that starts again finds the steps of the one before, and goes on with them.
    @Test func aStoreIsOpenedAgain() throws {
        try Self.with { directory, store in
            try TestSandbox.write(directory + "/live/f", "one")
            _ = try store.take(0, of: Self.live(directory), marks: .user) { false }
            try TestSandbox.write(directory + "/live/f", "two")
            _ = try store.take(1, of: Self.live(directory), marks: .user) { false }
            let again = try SnapshotStore(directory: store.directory)
            #expect(again.steps == [0, 1])
            #expect(again.bytes == store.bytes)
            try TestSandbox.write(directory + "/live/f", "three")
            #expect(try again.take(2, of: Self.live(directory), marks: .user) { false }.changedFiles == 1)
            for (step, text) in ["one", "two", "three"].enumerated() {
                let found = try Self.restored(step, again, directory)
                #expect(found.files["f"]?.contents == Array(text.utf8))
            }
        }
    }

    /// A fork's steps are its own: neither side's store loses anything by what becomes of the other's.
    @Test func aStepOfAnotherStoreIsTakenOver() throws {
        try Self.with { directory, store in
            try TestSandbox.write(directory + "/live/a/f", "shared")
            _ = try store.take(3, of: Self.live(directory), marks: .user) { false }
            let fork = try SnapshotStore(directory: directory + "/fork")
            try fork.adopt(3, of: store, as: 0)
            try LocalDriver.discard(stateDirectory: store.directory)
            let found = try Self.restored(0, fork, directory)
            #expect(found.files["a/f"]?.contents == Array("shared".utf8))
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aFullDiskIsSaidAndLeavesNothingBehind() throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        try TestSandbox.make(directory + "/live")
        try TestSandbox.make(directory + "/small")
        try #require(mount("tmpfs", directory + "/small", "tmpfs", 0, "size=1m") == 0)
        defer { umount2(directory + "/small", Int32(MNT_DETACH)) }
        let store = try SnapshotStore(directory: directory + "/small/snapshots")
        try TestSandbox.write(directory + "/live/f", "fits")
        _ = try store.take(0, of: Self.live(directory), marks: .trusted) { false }
        try TestSandbox.write(directory + "/live/g", String(repeating: "g", count: 4 << 20))
        #expect { try store.take(1, of: Self.live(directory), marks: .trusted) { false } } throws: { error in
            "\(error)".contains("No space left on device")
        }
        #expect(store.steps == [0])
        unlink(directory + "/live/g")
        #expect(try store.take(1, of: Self.live(directory), marks: .trusted) { false }.changedFiles == 0)
        let found = try Self.restored(0, store, directory)
        #expect(found.files["f"]?.contents == Array("fits".utf8))
    }

    @Test func damagedManifestsAreNoSteps() throws {
        try Self.with { directory, store in
            try TestSandbox.write(directory + "/live/f", "x")
            _ = try store.take(0, of: Self.live(directory), marks: .user) { false }
            let manifest = TestSandbox.bytes(store.directory + "/steps/0")
            #expect(SnapshotManifest(manifest)?.items.count == 2)
            for length in 0..<manifest.count {
                #expect(SnapshotManifest(Array(manifest.prefix(length))) == nil, "\(length)")
            }
            #expect(SnapshotManifest(manifest + [0]) == nil)
            try TestSandbox.write(store.directory + "/steps/1", "nonsense")
            #expect(try SnapshotStore(directory: store.directory).steps == [0])
        }
    }
}
