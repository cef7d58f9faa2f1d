import CSpawn
import Glibc
import Synchronization
import Testing

@testable import Sandbox

/// What a hostile sandbox or another kind of workspace puts before the store of snapshots.
struct SnapshotHardnessTests {
    private typealias Base = SnapshotStoreTests

    // MARK: Sparse files

    /// Reading what it claims to hold would take minutes, copying it more than there is room.
    @Test func aFileOfHolesCostsNothing() throws {
        try Base.with { directory, store in
            let size: off_t = 1 << 40
            let path = directory + "/live/bomb"
            try Self.makeSparse(path, size)
            let report = try store.take(0, of: Base.live(directory), marks: .user) { false }
            #expect(report.bytes <= 1 << 20)
            // Its time is new, so that it is compared with what is there.
            chmod(path, 0o640)
            #expect(try store.take(1, of: Base.live(directory), marks: .user) { false }.bytes == 0)
            try LocalDriver.discard(stateDirectory: directory + "/live")
            try TestSandbox.make(directory + "/live")
            try store.materialise(1, into: Base.live(directory), marks: .user, owner: nil)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_size == size && status.st_blocks <= 2048)
            let file = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            for offset in [0, size / 2, size - 4] {
                var bytes = [UInt8](repeating: 0, count: 4)
                #expect(pread(file, &bytes, 4, offset) == 4 && bytes == Array("data".utf8), "\(offset)")
            }
        }
    }

    @Test func filesOfHolesAreComparedByWhatTheyHold() throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        for tree in ["base", "upper"] {
            try TestSandbox.make(directory + "/" + tree)
            try Self.makeSparse("\(directory)/\(tree)/bomb", 1 << 40)
        }
        func changes() throws -> [String] {
            try OverlayChanges(base: directory + "/base", upper: directory + "/upper", attributes: .copy).collect()
                .map { "\($0.kind) \($0.path)" }
        }
        #expect(try changes() == [])
        // A block where the other has a hole, of zeros first.
        let file = open(directory + "/upper/bomb", O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(pwrite(file, [UInt8](repeating: 0, count: 5000), 5000, 1 << 33) == 5000)
        #expect(try changes() == [])
        #expect(pwrite(file, "x", 1, 1 << 33 + 4999) == 1)
        #expect(try changes() == ["modified bomb"])
    }

    @Test func copyingStopsAtTheBound() throws {
        try Base.with { directory, _ in
            try Self.makeSparse(directory + "/live/f", 1 << 30)
            let source = open(directory + "/live/f", O_RDONLY | O_CLOEXEC)
            let target = open(directory + "/copy", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer {
                close(source)
                close(target)
            }
            let code = cspawn_copy_contents(source, target, 1 << 30, 4096)
            // Where blocks are shared, nothing is copied.
            #expect(code == -EFBIG || code == 1)
        }
    }

    /// Some bytes at its start, in its middle and at its end.
    private static func makeSparse(_ path: String, _ size: off_t) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        try #require(ftruncate(file, size) == 0)
        for offset in [0, size / 2, size - 4] { try #require(pwrite(file, "data", 4, offset) == 4) }
    }

    // MARK: Links

    /// More of them than a process may have open files.
    @Test func manyHardLinksComeBack() throws {
        try Base.with { directory, store in
            let live = directory + "/live"
            for name in ["a", "b", "closed"] { try TestSandbox.make("\(live)/\(name)") }
            let pairs = 3_000
            for number in 0..<pairs {
                try TestSandbox.write("\(live)/a/\(number)", number % 100 == 0 ? "\(number)" : "")
                try #require(link("\(live)/a/\(number)", "\(live)/b/\(number)") == 0)
            }
            try TestSandbox.write(live + "/many", "many", mode: 0o400)
            for number in 0..<2000 { try #require(link(live + "/many", "\(live)/closed/\(number)") == 0) }
            chmod(live + "/closed", 0)
            _ = try store.take(0, of: Base.live(directory), marks: .user) { false }
            try LocalDriver.discard(stateDirectory: live)
            try TestSandbox.make(live)
            let before = Self.openDescriptors
            let flags = Flags()
            try Self.during({ flags.most.max(Self.openDescriptors, ordering: .relaxed) }) {
                try store.materialise(0, into: Base.live(directory), marks: .user, owner: nil)
            }
            // Other tests run meanwhile.
            #expect(flags.most.load(ordering: .relaxed) < before + 1500)
            #expect(access(live + ".links", F_OK) != 0)
            // Every name is known with the stamp that its file has by now: nothing is read again.
            let report = try store.take(1, of: Base.live(directory), marks: .user) { false }
            #expect(report.changedFiles == 0 && report.bytes == 0)
            chmod(live + "/closed", 0o700)
            var status = stat()
            #expect(stat(live + "/closed/1999", &status) == 0 && status.st_nlink == 2001)
            for number in stride(from: 0, to: pairs, by: 500) {
                var other = stat()
                #expect(stat("\(live)/a/\(number)", &status) == 0 && stat("\(live)/b/\(number)", &other) == 0)
                #expect(status.st_ino == other.st_ino && status.st_nlink == 2)
                #expect(TestSandbox.read("\(live)/b/\(number)") == "\(number)")
            }
        }
    }

    /// Equal bytes do not make one file of two.
    @Test func filesThatWereOneStayApart() throws {
        try Base.with { directory, store in
            let live = directory + "/live"
            try TestSandbox.write(live + "/a", "same")
            try #require(link(live + "/a", live + "/b") == 0)
            _ = try store.take(0, of: Base.live(directory), marks: .user) { false }
            // Each with the bytes it had: first alone, then with another name.
            unlink(live + "/a")
            try TestSandbox.write(live + "/a", "same")
            #expect(try store.take(1, of: Base.live(directory), marks: .user) { false }.bytes == 0)
            try #require(link(live + "/a", live + "/c") == 0 && link(live + "/b", live + "/d") == 0)
            _ = try store.take(2, of: Base.live(directory), marks: .user) { false }
            for step in 0...2 {
                let found = try Base.restored(step, store, directory)
                let names = ["a", "b", "c", "d"].map { found.files[$0]?.firstName }
                #expect(
                    names == [["a", "a", nil, nil], [nil, nil, nil, nil], ["a", "b", "a", "b"]][step], "\(step)")
            }
        }
    }

    private static var openDescriptors: Int {
        let directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(directory) }
        return DirectoryReader.names(of: directory)?.count ?? 0
    }

    /// Calls `other` again and again on another thread while `body` runs.
    private static func during(_ other: @escaping @Sendable () -> Void, _ body: () throws -> Void) throws {
        let flags = Flags()
        let code = DetachedThread.start {
            while !flags.ends.load(ordering: .relaxed) { other() }
            flags.hasEnded.store(true, ordering: .releasing)
        }
        try #require(code == 0)
        defer {
            flags.ends.store(true, ordering: .relaxed)
            while !flags.hasEnded.load(ordering: .acquiring) { sched_yield() }
        }
        try body()
    }

    private final class Flags: Sendable {
        let ends = Atomic(false)
        let hasEnded = Atomic(false)
        let most = Atomic(0)
    }

    // MARK: Names

    /// A few thousand files at the end of a long way have more of them than fit into memory.
    @Test func longNamesAreBounded() throws {
        try Base.with { directory, store in
            var place = open(directory + "/live", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            let name = String(repeating: "n", count: 255)
            for _ in 0..<200 {
                try #require(mkdirat(place, name, 0o700) == 0)
                let child = openat(place, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                close(place)
                place = child
            }
            defer { close(place) }
            for number in 0..<2800 { try #require(symlinkat("t", place, "\(number)") == 0) }
            #expect {
                try store.take(0, of: Base.live(directory), marks: .user) { false }
            } throws: { error in
                "\(error)".contains("names of the session's files")
            }
            try TestSandbox.make(directory + "/base")
            #expect {
                try OverlayChanges(
                    base: directory + "/base", upper: directory + "/live", attributes: .user, mostPathBytes: 1 << 20
                ).collect()
            } throws: { error in
                "\(error)".contains("names of what changed") && "\(error)".utf8.count < 5000
            }
        }
    }

    // MARK: Changes meanwhile

    @Test func aDirectoryThatIsGoneHoldsNothing() throws {
        try Base.with { directory, _ in
            let gone = open(directory + "/live", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(gone) }
            #expect(rmdir(directory + "/live") == 0)
            #expect(DirectoryReader.names(of: gone) == [])
            #expect(DirectoryReader.names(of: -1) == nil)
        }
    }

    /// Whatever takes a name's place while it is read, the step is kept.
    @Test func whatComesAndGoesLosesNoStep() throws {
        try Base.with { directory, store in
            let live = directory + "/live"
            for number in 0..<4 { try TestSandbox.write("\(live)/kept-\(number)", "kept") }
            try TestSandbox.write(live + "/swap/inner", "")
            try TestSandbox.write(live + "/file", "file")
            try #require(mkfifo(live + "/pipe", 0o600) == 0 && symlink("nowhere", live + "/link") == 0)
            let names = ["swap", "file", "pipe", "link"].map { "\(live)/\($0)" }
            try Self.during({
                for number in 0..<8 {
                    let (one, other) = (names[number % 4], names[(number + 1) % 4])
                    rename(one, live + "/aside")
                    rename(other, one)
                    rename(live + "/aside", other)
                    mkdir("\(live)/d\(number)", 0o700)
                    mkdir("\(live)/d\(number)/e", 0o700)
                }
                for number in 0..<8 {
                    rmdir("\(live)/d\(number)/e")
                    rmdir("\(live)/d\(number)")
                }
            }) {
                for step in 0..<300 { _ = try store.take(step, of: Base.live(directory), marks: .user) { true } }
            }
            let found = try Base.restored(299, store, directory)
            for number in 0..<4 { #expect(found.files["kept-\(number)"]?.contents == Array("kept".utf8)) }
        }
    }

    // MARK: Bytes

    @Test func sharedContentsCountForEachStoreAndNeverTwice() throws {
        try Base.with { directory, store in
            try TestSandbox.write(directory + "/live/f", String(repeating: "f", count: 200_000))
            let taken = try store.take(0, of: Base.live(directory), marks: .user) { false }
            #expect(taken.bytes >= 200_000 && store.bytes == taken.bytes)
            var limits = SnapshotLimits()
            limits.steps = 1
            let fork = try SnapshotStore(directory: directory + "/fork", limits: limits)
            try fork.adopt(0, of: store, as: 0)
            #expect(fork.bytes >= 200_000)
            #expect(try SnapshotStore(directory: fork.directory).bytes == fork.bytes)
            // Neither the one that gives it up first nor the one that does so last counts below nothing.
            unlink(directory + "/live/f")
            for (step, one) in [(1, fork), (2, fork)] {
                _ = try one.take(step, of: Base.live(directory), marks: .user) { false }
            }
            #expect(fork.steps == [2] && fork.bytes == 0)
            #expect(store.bytes == taken.bytes)
            #expect(try SnapshotStore(directory: store.directory).bytes == taken.bytes)
        }
    }

    // MARK: Kinds

    @Test func aStepIsOfItsKind() throws {
        try Base.with { directory, store in
            try TestSandbox.write(directory + "/live/d/f", "f")
            for (step, kind) in OverlayChanges.Attributes.allCases.enumerated() {
                _ = try store.take(step, of: Base.live(directory), marks: kind) { false }
                #expect(store.kind(of: step) == kind)
            }
            #expect(store.kind(of: 9) == nil)
            let kinds = OverlayChanges.Attributes.allCases
            for (step, kind) in kinds.enumerated() {
                for other in kinds {
                    let target = "\(directory)/\(kind)-\(other)"
                    try TestSandbox.make(target)
                    let restore = {
                        try SnapshotStore(directory: store.directory).materialise(
                            step, into: [SnapshotRoot(name: "workspace", path: target)], marks: other, owner: nil)
                    }
                    if (kind == .copy) == (other == .copy) {
                        try restore()
                        #expect(TestSandbox.read(target + "/d/f") == "f")
                    } else {
                        #expect { try restore() } throws: { "\($0)".contains("copy") }
                        #expect(access(target + "/d", F_OK) != 0)
                    }
                }
            }
        }
    }

    @Test func marksAreTranslatedAndForgedOnesAreNot() throws {
        func attribute(_ name: String) -> SnapshotEntry.Attribute { .init(name: Array(name.utf8) + [0], value: [0x79]) }
        func names(_ manifest: SnapshotManifest?) -> [String] {
            (manifest?.items.first?.entry.attributes ?? []).map { String(decoding: $0.name.dropLast(), as: UTF8.self) }
        }
        var manifest = SnapshotManifest(kind: .trusted)
        var entry = SnapshotEntry(kind: .directory, mode: 0o755, modified: 0)
        entry.attributes = ["trusted.overlay.opaque", "user.mine", "user.overlay.opaque"].map(attribute)
        manifest.append(Array("workspace".utf8), entry)
        #expect(names(manifest.translated(to: .user)) == ["user.overlay.opaque", "user.mine"])
        #expect(
            names(manifest.translated(to: .user)?.translated(to: .trusted)) == ["trusted.overlay.opaque", "user.mine"])
        #expect(manifest.translated(to: .copy) == nil && SnapshotManifest(kind: .copy).translated(to: .user) == nil)
        #expect(names(manifest.translated(to: .trusted)) == names(manifest))
    }
}
