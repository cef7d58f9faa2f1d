import Sandbox
import Testing

@Suite("Scratch folders of a sandbox")
struct ScratchTests {
    @Test(
        "What a command leaves there is read, within limits and never through a link; the workspace knows nothing of it"
    )
    func roundTrip() async throws {
        try await TestSandbox.with(files: ["a": "a"]) { test in
            let folder = try #require(try await test.sandbox.makeScratchFolder())
            #expect(try await test.sandbox.scratchFiles(folder, maximumFiles: 10, maximumBytes: 1000) == [])
            _ = try await test.shell(
                """
                cd \(folder); mkdir -p deep/er; echo one > a.xml; echo two > deep/er/b.xml; head -c 2000 /dev/zero > big
                ln -s /etc/passwd link; ln -s /etc dir; ln -s a.xml good; mkfifo pipe
                """)
            let files = try await test.sandbox.scratchFiles(folder, maximumFiles: 10, maximumBytes: 1000)
            #expect(
                files == [
                    ScratchFile(path: "a.xml", bytes: Array("one\n".utf8)),
                    ScratchFile(path: "deep/er/b.xml", bytes: Array("two\n".utf8)),
                ])
            #expect(try await test.sandbox.scratchFiles(folder, maximumFiles: 1, maximumBytes: 1000).count == 1)
            #expect(try await test.sandbox.changes().isEmpty)
            let second = try #require(try await test.sandbox.makeScratchFolder())
            #expect(second != folder)
            await test.sandbox.removeScratchFolder(folder)
            #expect(try await test.shell("test -e \(folder) || echo gone").text == "gone\n")
            #expect(try await test.shell("cat /etc/passwd | head -c 1").text.isEmpty == false)
            #expect(try await test.sandbox.scratchFiles(folder, maximumFiles: 1, maximumBytes: 1).isEmpty)
        }
    }

    @Test("A folder that a command has put a link in the place of leads nowhere")
    func replaced() async throws {
        try await TestSandbox.with(files: ["secret/s": "s"]) { test in
            let folder = try #require(try await test.sandbox.makeScratchFolder())
            _ = try await test.shell("rmdir \(folder); ln -s \(test.workspace)/secret \(folder)")
            let files = try? await test.sandbox.scratchFiles(folder, maximumFiles: 10, maximumBytes: 1000)
            #expect(files ?? [] == [])
            await test.sandbox.removeScratchFolder(folder)
            #expect(try await test.sandbox.stat("secret/s") != nil)
        }
    }
}
