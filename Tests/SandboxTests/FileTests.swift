import Glibc
import Sandbox
import Testing

@Suite("Files in a sandbox")
struct FileTests {
    @Test("What is written is read by commands and the other way round")
    func roundTrip() async throws {
        try await TestSandbox.with(files: ["script.sh": "#!/bin/sh\n"]) { test in
            let sandbox = test.sandbox
            let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await sandbox.writeFile("new/deep/file.bin", bytes, mode: nil)
            #expect(try await test.shell("wc -c < new/deep/file.bin").text == "600000\n")
            let contents = try await sandbox.readFile(
                "\(test.workspace)/new/deep/file.bin", offset: 0, maximumBytes: 1 << 20)
            #expect(contents == FileContents(bytes: bytes, totalSize: 600_000))
            let part = try await sandbox.readFile("new/deep/file.bin", offset: 599_990, maximumBytes: 100)
            #expect(part == FileContents(bytes: Array(bytes[599_990...]), totalSize: 600_000))
            #expect(try await sandbox.readFile("new/deep/file.bin", offset: 700_000, maximumBytes: 1).bytes == [])

            try await sandbox.writeFile("empty", [], mode: 0o600)
            let empty = try await sandbox.stat("empty")
            #expect(empty?.size == 0 && empty?.mode == 0o600)
            _ = try await test.shell("chmod 755 script.sh")
            try await sandbox.writeFile("script.sh", Array("#!/bin/sh\necho ran\n".utf8), mode: nil)
            #expect(try await test.shell("./script.sh").text == "ran\n")

            try await sandbox.removeFile("empty")
            #expect(try await sandbox.stat("empty") == nil)
            await #expect(throws: SandboxError.notFound("empty")) { try await sandbox.removeFile("empty") }
            await #expect(throws: SandboxError.notFound("no/such")) {
                try await sandbox.readFile("no/such", offset: 0, maximumBytes: 1)
            }
            #expect(try await sandbox.stat("new")?.kind == .directory)
            #expect(try await test.shell("ls -a . new/deep").text.contains(".cofferdam") == false)
        }
    }

    @Test("Times that nanoseconds do not reach are the nearest that they do")
    func farTimes() async throws {
        try await TestSandbox.with { test in
            _ = try await test.shell("touch -d 2300-01-01 far; touch -d 1500-01-01 old; stat -c %Y far > kept")
            // Not every file system keeps such a time.
            let isKept = try await test.shell("cat kept").text == "10413792000\n"
            let far = try await test.sandbox.stat("far")
            #expect(isKept ? far?.modifiedNanoseconds == .max : far != nil)
            #expect(try await test.sandbox.stat("old") != nil)
            #expect(try await test.shell("echo lives").text == "lives\n")
        }
    }

    @Test("No link leads outside the workspace")
    func escapes() async throws {
        try await TestSandbox.with(files: ["inside": "in", "dir/x": "x"]) { test in
            let sandbox = test.sandbox
            _ = try await test.shell(
                "ln -s /etc/passwd abs; ln -s ../../../../etc/passwd up; ln -s /tmp out; ln -s inside good; echo t > /tmp/t"
            )
            for path in ["abs", "up", "out/t", "../x", "/etc/passwd", "dir/../../x", "\(test.workspace)x/y"] {
                await #expect(throws: SandboxError.outsideWorkspace(path)) {
                    try await sandbox.readFile(path, offset: 0, maximumBytes: 10)
                }
                await #expect(throws: SandboxError.outsideWorkspace(path)) {
                    try await sandbox.writeFile(path, [1], mode: nil)
                }
            }
            #expect(try await test.shell("cat /tmp/t").text == "t\n")
            #expect(try await sandbox.readFile("good", offset: 0, maximumBytes: 10).bytes == Array("in".utf8))
            try await sandbox.writeFile("good", Array("new".utf8), mode: nil)
            #expect(try await test.shell("cat inside; readlink good").text == "newinside\n")
            #expect(try await sandbox.stat("abs")?.kind == .symbolicLink)
        }
    }

    @Test("FIFOs, devices and directories are refused without waiting")
    func specialFiles() async throws {
        try await TestSandbox.with { test in
            _ = try await test.shell("mkfifo pipe; mkdir dir")
            for path in ["pipe", "dir"] {
                await #expect(throws: SandboxError.notARegularFile(path)) {
                    try await test.sandbox.readFile(path, offset: 0, maximumBytes: 10)
                }
                await #expect(throws: SandboxError.notARegularFile(path)) {
                    try await test.sandbox.writeFile(path, [1], mode: nil)
                }
            }
            #expect(try await test.sandbox.stat("pipe")?.kind == .special)
        }
    }

    @Test("Listings are sorted, bounded and leave .git out")
    func listing() async throws {
        try await TestSandbox.with(files: ["b": "12345", "a/one": "", "a/.git/config": "", ".git/HEAD": "x", "c/": ""])
        { test in
            _ = try await test.shell("ln -s /etc link")
            let flat = try await test.sandbox.listFiles("", recursive: false, maximumEntries: 100)
            #expect(flat.entries.map(\.path) == ["a", "b", "c", "link"])
            #expect(flat.entries.map(\.kind) == [.directory, .regular, .directory, .symbolicLink])
            #expect(flat.entries[1].size == 5)
            #expect(!flat.isTruncated)
            let deep = try await test.sandbox.listFiles(test.workspace, recursive: true, maximumEntries: 100)
            #expect(deep.entries.map(\.path) == ["a", "a/one", "b", "c", "link"])
            let few = try await test.sandbox.listFiles("", recursive: true, maximumEntries: 2)
            #expect(few.entries.map(\.path) == ["a", "a/one"])
            #expect(few.isTruncated)
            _ = try await test.shell("cd c; seq 3000 | xargs touch")
            #expect(try await test.sandbox.listFiles("c", recursive: true, maximumEntries: 5000).entries.count == 3000)
            await #expect(throws: SandboxError.notFound("nowhere")) {
                try await test.sandbox.listFiles("nowhere", recursive: false, maximumEntries: 1)
            }
            await #expect(throws: SandboxError.outsideWorkspace("link")) {
                try await test.sandbox.listFiles("link", recursive: false, maximumEntries: 1)
            }
        }
    }
}
