import Git
import JSON
import Secrets
import TestSupport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Real servers of git on loopback, shared by the tests of this process: `Tests/EndToEnd/git_servers.py`.
struct GitServers: Sendable {
    /// A way to the repositories.
    enum Way: String, CaseIterable, Sendable {
        case daemon
        case http
        case https
        case sshKey
        case sshAgent
    }

    let words: [String: String]

    static let shared = Result { try GitServers() }

    private init() throws {
        var template = Array("/tmp/cofferdam-servers-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard made else { throw HostFailure(errno) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let script =
            #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
            + "/EndToEnd/git_servers.py"
        let result = try HostCommand.run(["python3", script, "start", folder, "\(getpid())"])
        guard result.exitCode == 0 else { throw Failure(text: result.text + result.errorText) }
        let described = try JSON(parsing: result.output)
        var words: [String: String] = [:]
        for (key, value) in described.objectValue ?? [:] { words[key] = value.stringValue }
        self.words = words
    }

    struct Failure: Error, CustomStringConvertible {
        var text: String
        var description: String { text }
    }

    subscript(_ name: String) -> String { words[name] ?? "" }

    /// An empty bare repository that every server has.
    func makeRepository(_ name: String) throws -> String {
        let path = "\(self["repositories"])/\(name).git"
        let made = try HostCommand.git(["init", "-q", "--bare", "-b", "main", path], in: "/")
        let opened = try HostCommand.git(["--git-dir", path, "config", "http.receivepack", "true"], in: "/")
        guard made.exitCode == 0, opened.exitCode == 0 else { throw Failure(text: made.errorText + opened.errorText) }
        return path
    }

    func address(_ name: String, _ way: Way) -> String {
        let server =
            switch way {
            case .daemon: self["git"]
            case .http: self["http"]
            case .https: self["https"]
            case .sshKey, .sshAgent: self["ssh"]
            }
        return "\(server)/\(name).git"
    }

    var authorization: SecretString { SealedAccess.basic(user: self["user"], token: SecretString(self["password"])) }

    func access(_ way: Way) -> SealedAccess {
        switch way {
        case .daemon: SealedAccess(protocols: ["git"])
        case .http: SealedAccess(protocols: ["http"], authorization: authorization)
        case .https:
            SealedAccess(protocols: ["https"], authorization: authorization, authorityFile: self["authorities"])
        case .sshKey:
            SealedAccess(
                protocols: ["ssh"], ssh: SealedAccess.SSH(keyFile: self["key"], knownHostsFile: self["knownHosts"]))
        case .sshAgent:
            SealedAccess(
                protocols: ["ssh"],
                ssh: SealedAccess.SSH(agentSocket: self["agentSocket"], knownHostsFile: self["knownHosts"]))
        }
    }

    /// Lines of nginx: port, request, answer and the header `Authorization`.
    func accessLog() throws -> String { try HostCommand.run(["cat", self["accessLog"]]).text }
}
