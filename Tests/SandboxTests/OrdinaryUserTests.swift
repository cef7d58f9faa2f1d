import Glibc
import Testing

@Suite("As an ordinary user")
struct OrdinaryUserTests {
    private static let user = "12345"

    /// Root and others mount the workspace in different ways, so root runs the other suites once more without its rights.
    @Test("All of it works without root's rights", .enabled(if: geteuid() == 0 && canDropRights))
    func everything() throws {
        let program = try #require(linkTarget("/proc/self/exe"))
        let filter =
            "SandboxTests.(CommandTests|EndingTests|IsolationTests|FileTests|ChangesTests|HardeningTests|SyscallTests|SandboxLimitTests|RootTests|LayerTests|CopyTests|SnapshotTests|SnapshotStoreTests|AdoptionTests|KilledServiceTests|TerminalTests|InputTests|ProxyPortTests|SupervisorTests)"
        let drop = "HOME=/nonexistent setpriv --reuid \(Self.user) --regid \(Self.user) --clear-groups"
        #expect(system("\(drop) '\(program)' --testing-library swift-testing --filter '\(filter)' >&2") == 0)
    }

    /// The tool is there, and the other user may read this program.
    private static var canDropRights: Bool {
        guard let program = linkTarget("/proc/self/exe") else { return false }
        let check = "setpriv --reuid \(user) --regid \(user) --clear-groups test -x '\(program)'"
        return system("\(check) 2>/dev/null") == 0
    }
}

private func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
}
