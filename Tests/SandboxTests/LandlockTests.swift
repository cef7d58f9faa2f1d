import CSpawn
import Glibc
import Sandbox
import Synchronization
import Testing

@Suite("Landlock", .enabled(if: cspawn_landlock_version() >= CSPAWN_LANDLOCK_LEAST))
struct LandlockTests {
    /// What a thread may do once it is confined to `writable` and `journal`: a confined thread confines nobody else.
    private func confined(
        writable: [String], journal: String, _ body: @escaping @Sendable () -> [String: Int32]
    ) throws -> (code: Int32, results: [String: Int32]) {
        let outcome = Mutex<(Int32, [String: Int32])>((-1, [:]))
        let directory = open(journal, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try #require(directory >= 0)
        defer { close(directory) }
        try withThread {
            var paths = writable.map { strdup($0) }
            defer { for path in paths { free(path) } }
            paths.append(nil)
            let code = paths.map { UnsafePointer($0) }.withUnsafeBufferPointer {
                cspawn_landlock($0.baseAddress, directory)
            }
            let results = code == 0 ? body() : [:]
            outcome.withLock { $0 = (code, results) }
        }
        return outcome.withLock { $0 }
    }

    private func withThread(_ body: @escaping @Sendable () -> Void) throws {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        try #require(code == 0)
        pthread_join(thread, nil)
    }

    private static func attempt(_ path: String, _ flags: Int32) -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno }
        close(descriptor)
        return 0
    }

    private static func failure(_ code: Int32) -> Int32 { code == 0 ? 0 : errno }

    @Test("Writing is possible beneath the given directories only, reading everywhere beneath the root")
    func files() throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        for name in ["in/deep", "in/other", "journal", "out"] { try TestSandbox.make("\(directory)/\(name)") }
        try TestSandbox.write("\(directory)/out/file", "x")
        try TestSandbox.write("\(directory)/in/file", "x")
        let attempts: @Sendable () -> [String: Int32] = {
            [
                "create": Self.attempt("\(directory)/in/new", O_WRONLY | O_CREAT | O_EXCL),
                "truncate": Self.attempt("\(directory)/in/file", O_WRONLY | O_TRUNC),
                "move": Self.failure(rename("\(directory)/in/file", "\(directory)/in/deep/file")),
                "link": Self.failure(link("\(directory)/in/deep/file", "\(directory)/in/other/hard")),
                "socket": Self.failure(mkfifo("\(directory)/in/fifo", 0o600)),
                "journal": Self.attempt("\(directory)/journal/record", O_WRONLY | O_CREAT | O_EXCL),
                "read": Self.attempt("\(directory)/out/file", O_RDONLY),
                "device": Self.attempt("/dev/null", O_RDWR),
                "create outside": Self.attempt("\(directory)/out/new", O_WRONLY | O_CREAT | O_EXCL),
                "write outside": Self.attempt("\(directory)/out/file", O_WRONLY),
                "truncate outside": Self.failure(truncate("\(directory)/out/file", 0)),
                "remove outside": Self.failure(unlink("\(directory)/out/file")),
                "make directory outside": Self.failure(mkdir("\(directory)/out/d", 0o700)),
                "link outside": Self.failure(link("\(directory)/in/deep/file", "\(directory)/out/hard")),
                "symbolic link outside": Self.failure(symlink("/", "\(directory)/out/soft")),
                "directory of the journal": Self.failure(mkdir("\(directory)/journal/d", 0o700)),
                "device node": Self.failure(mknod("\(directory)/in/node", S_IFCHR | 0o600, 0)),
            ]
        }
        let outcome = try confined(writable: ["\(directory)/in"], journal: "\(directory)/journal", attempts)
        #expect(outcome.code == 0)
        for (name, number) in outcome.results {
            let isRefused =
                name.hasSuffix("outside") || name == "directory of the journal" || name == "device node"
            // A link that would lead to more rights is told apart by the kernel.
            if isRefused { #expect(number == EACCES || number == EXDEV, "\(name): \(number)") }
            if !isRefused { #expect(number == 0, "\(name): \(number)") }
        }
        #expect(outcome.results.count == 17)
        #expect(TestSandbox.read("\(directory)/out/file") == "x")
        // The same from this thread, which is not confined, so that the refusals above are known to be Landlock's.
        try TestSandbox.write("\(directory)/in/file", "x")
        let free = attempts()
        for name in free.keys where name.hasSuffix("outside") && name != "remove outside" && name != "write outside" {
            #expect(free[name] == 0, "\(name) without it")
        }
        #expect(free["device node"] == 0)
    }

    @Test("It holds in a sandbox, and what builds do with files goes on working")
    func inside() async throws {
        try await TestSandbox.with(files: ["a/file": "x"]) { test async throws in
            // Refused by nothing else: the kernel lets everybody make this one device (0:0).
            let device = try await test.shell("mknod /tmp/node c 0 0")
            #expect(!device.result.isSuccess)
            let script = """
                set -e; mkdir -p b /tmp/x/y; mv a/file b/; ln b/file a/hard; mv b a/c; mv /tmp/x/y /tmp/z; cp a/hard /tmp
                mkfifo f; echo 1 > /dev/null; echo 1 > /dev/stdout; echo 1 > /dev/shm/s; echo 1 > ~/h; rm ~/h /dev/shm/s f
                ln -s hard a/soft; : > a/soft; truncate -s 5 a/hard; chmod 600 a/hard; rm -r a /tmp/z
                """
            let finished = try await test.shell(script)
            #expect(finished.result.isSuccess, "\(finished.errorText)")
        }
    }
}
