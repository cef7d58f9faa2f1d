import Glibc
import JSON
import TestSupport

/// The hosts of `Peers/server.py`, running while the value lives.
final class Peer: Sendable {
    /// One for all tests that need nothing of their own; it ends with the process.
    static let shared = Result { try Peer() }

    let http: Int
    let https: Int
    /// TLS that asks each client for a second hello.
    let retrying: Int
    let echo: Int
    /// The authority of the TLS host's certificate, which is for `secure.test` and `*.secure.test`.
    let authorityFile: String
    let folder: TemporaryFolder
    private let process: pid_t
    private let input: Int32

    init(gitRoot: String? = nil, secret: String = "") throws {
        folder = try TemporaryFolder()
        authorityFile = folder.path + "/ca.pem"
        try Self.makeCertificates(in: folder)
        let script = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/Peers/server.py"
        var arguments = ["python3", script, "\(folder.path)/leaf.pem", "\(folder.path)/leaf.key"]
        if let gitRoot { arguments += [gitRoot, secret] }
        let (stdin, stdout) = (try PrivatePipe(), try PrivatePipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin.readEnd, 0)
        posix_spawn_file_actions_adddup2(&actions, stdout.writeEnd, 1)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        let code = posix_spawnp(&process, arguments[0], &actions, nil, &words, environ)
        close(stdin.readEnd)
        close(stdout.writeEnd)
        guard code == 0 else { throw HostFailure(code) }
        self.process = process
        input = stdin.writeEnd
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(stdout.readEnd, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
        close(stdout.readEnd)
        let ports = try JSON(parsing: line)
        http = ports["http"]?.intValue ?? 0
        https = ports["https"]?.intValue ?? 0
        retrying = ports["retrying"]?.intValue ?? 0
        echo = ports["echo"]?.intValue ?? 0
    }

    deinit {
        close(input)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    private static func makeCertificates(in folder: TemporaryFolder) throws {
        let script = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
              -subj /CN=Test-authority -addext keyUsage=critical,keyCertSign
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf
            printf 'subjectAltName=DNS:secure.test,DNS:*.secure.test\\n' > ext
            openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out leaf.pem
            """
        let done = try HostCommand.run(["/bin/sh", "-ec", script], in: folder.path)
        guard done.exitCode == 0 else { throw HostFailure(EINVAL) }
    }
}
