import JSON
import Sandbox
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a session has published, and what it was about to push: kept before the push, so that a later service knows a commit
/// that came through as its own.
struct PublishRecord: Codable, Sendable, Equatable {
    /// A branch of a remote, as this service left it.
    struct Entry: Codable, Sendable, Equatable {
        var remote: String
        var branch: String
        var base: String
        var commit: String
        /// The tree of the session that it holds.
        var sessionTree: String
        var number: Int?
        var url: String?
    }

    var intent: Entry?
    var published: Entry?

    private static let maximumBytes = 1 << 20

    /// The publishing repository of a session, with the record in it.
    static func folder(stateDirectory: String) -> String { stateDirectory + ".publish.git" }

    private static func file(_ folder: String) -> String { folder + "/cofferdam-publish.json" }

    /// Blocks on the disk.
    static func load(_ folder: String) -> PublishRecord {
        guard let bytes = FileBytes.read(file(folder), limit: maximumBytes), let json = try? JSON(parsing: bytes),
            let record = try? JSONCoder.decode(PublishRecord.self, from: json)
        else { return PublishRecord() }
        return record
    }

    /// Replaces the file in one step. Blocks on the disk.
    func save(_ folder: String) throws {
        let file = Self.file(folder)
        let temporary = file + ".new"
        guard FileBytes.write(try JSONCoder.encode(self).serialized(), toFile: temporary, mode: 0o600),
            rename(temporary, file) == 0
        else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw PublishError.disk("cannot write \(file): \(reason)")
        }
    }

    static func remove(stateDirectory: String) {
        try? LocalDriver.discard(stateDirectory: folder(stateDirectory: stateDirectory))
    }
}

/// Why nothing could be published.
enum PublishError: Error, Sendable, Equatable, CustomStringConvertible {
    case nothingChanged
    case noRemote
    case notAllowed(remote: String)
    case branchRefused(String, allowed: [String])
    case branchRewritten(String)
    case branchGone(String)
    case noBranch(String)
    case denied([String])
    case conflicts([String], base: String)
    case noForge(String)
    case noRepository
    case tooLarge(bytes: Int)
    case disk(String)

    var description: String {
        switch self {
        case .nothingChanged: "the session has changed nothing that could be published"
        case .noRemote: "the session's folder has no remote that may be pushed; name one (`remotes` with `push: true`)"
        case .notAllowed(let remote): "the service's file does not let anything be pushed to \(remote) (`push: true`)"
        case .branchRefused(let name, let allowed):
            "`\(name.prefix(200))` is no branch that may be pushed; allowed are \(allowed.joined(separator: ", "))"
        case .branchRewritten(let name): "the branch \(name) was rewritten by others; publish under another name"
        case .branchGone(let name): "the branch \(name) is no longer there; publish under another name"
        case .noBranch(let name): "`\(name.prefix(200))` is no branch of the remote"
        case .denied(let paths): "these paths are never published: \(Self.list(paths))"
        case .conflicts(let paths, let base): "the changes do not fit \(base), which is newer, in: \(Self.list(paths))"
        case .noForge(let remote): "it is not known which forge \(remote) is on (`forge` in the service's file)"
        case .noRepository: "the session's folder is in no git repository with a commit that this service can read"
        case .tooLarge(let bytes): "it is larger than the \(bytes >> 20) MiB that a reply takes"
        case .disk(let text): text
        }
    }

    private static func list(_ paths: [String]) -> String {
        let shown = paths.prefix(20).map { PublishText.line($0) }.joined(separator: ", ")
        return paths.count > 20 ? "\(shown) and \(paths.count - 20) more" : shown
    }
}
