import Git
import TestSupport
import Testing
import Workspace

/// The snapshot of a folder, in a folder of its own.
struct TakenSnapshot {
    let folder: TemporaryFolder
    let snapshot: WorkspaceSnapshot

    init(
        of path: String, overlays: [String: [UInt8]] = [:], limits: WorkspaceSnapshot.Limits = .init()
    ) throws {
        folder = try TemporaryFolder()
        snapshot = try SnapshotTaker.take(folder: path, into: folder.path, overlays: overlays, limits: limits)
    }
}

/// What `git write-tree` says of all files of a folder.
func gitTree(_ folder: String) throws -> String {
    let repository = try TemporaryFolder()
    let options = ["--git-dir=\(repository.path)/r", "--work-tree=\(folder)"]
    for command in [["init", "-q"], ["add", "-A", "-f", "."], ["write-tree"]] {
        let result = try HostCommand.git(options + command, in: folder)
        try #require(result.exitCode == 0, "\(command): \(result.errorText)")
        if command == ["write-tree"] { return result.line }
    }
    return ""
}

/// The files that git would commit of a folder: tracked ones and those that are not ignored.
func gitFiles(_ folder: String) throws -> Set<String> {
    let result = try HostCommand.git(["ls-files", "-z", "-c", "-o", "--exclude-standard", "--deduplicate"], in: folder)
    try #require(result.exitCode == 0, "\(result.errorText)")
    return Set(result.text.split(separator: "\0").map(String.init))
}
