import TestSupport
import Testing
import Workspace

@Suite("Where a folder's repository is fetched from")
struct RemoteTests {
    @Test("Every remote of the repository that holds the folder")
    func remotes() throws {
        let folder = try TemporaryFolder()
        #expect(WorkspaceRemotes.addresses(of: folder.path).isEmpty)
        _ = try folder.makeFolder("inner")
        for command in [
            ["init", "-q"], ["remote", "add", "origin", "https://git.example.com/a/b.git"],
            ["remote", "add", "fork", "git@git.example.com:c/d.git"],
        ] {
            #expect(try HostCommand.git(command, in: folder.path).exitCode == 0)
        }
        let known = ["https://git.example.com/a/b.git", "git@git.example.com:c/d.git"]
        #expect(Set(WorkspaceRemotes.addresses(of: folder.path)) == Set(known))
        #expect(Set(WorkspaceRemotes.addresses(of: folder.path + "/inner")) == Set(known))
    }
}
