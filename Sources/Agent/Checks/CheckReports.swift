import Diagnostics
import ProjectConfiguration
import Sandbox

/// The files that a check writes beside its output, for programs to read.
///
/// Each run has a folder of its own outside of the workspace, which `COFFERDAM_REPORTS` names. Those of the workspace that
/// the check's `reports` name are read too, when the run wrote them.
struct CheckReports: Sendable {
    static let variable = "COFFERDAM_REPORTS"

    /// What is there before a check runs; kept, as the service may end meanwhile.
    struct Before: Codable, Sendable, Equatable {
        /// Absolute, in the sandbox; nil where it has no such place.
        var folder: String?
        /// Reports of the workspace that are there already, with what changes when they are written.
        var stamps: [String: String]?
    }

    let sandbox: any Sandbox
    private let globs: PathSet?

    init(_ check: CheckDefinition, _ sandbox: any Sandbox) {
        self.sandbox = sandbox
        globs = check.reports.map { PathSet($0) }
    }

    func prepare() async throws -> Before {
        // A sandbox whose memory is full has no such folder, and the check itself will tell.
        let folder = try? await sandbox.makeScratchFolder()
        var stamps: [String: String]?
        for change in try await written() {
            stamps = (stamps ?? [:]).merging([change.path: await stamp(change)]) { $1 }
        }
        return Before(folder: folder, stamps: stamps)
    }

    /// The command with the folder's name in place of the variable, which no shell stands for in an argument vector.
    static func command(_ words: [String], _ before: Before) -> [String] {
        let folder = before.folder ?? "/tmp"
        return words.map { word in
            guard word.utf8.contains(UInt8(ascii: "$")) else { return word }
            return word.replacing("${\(variable)}", with: folder).replacing("$\(variable)", with: folder)
        }
    }

    /// A command as the model is told of it: something that it can run itself.
    static func shown(_ words: [String]) -> [String] { command(words, Before()) }

    static func environment(_ before: Before) -> [String: String] {
        before.folder.map { [variable: $0] } ?? [:]
    }

    /// What the run wrote; the folder is removed.
    func collect(_ before: Before) async throws -> [CheckOutput.Report] {
        var reports: [CheckOutput.Report] = []
        var room = DiagnosticLimits.reportBytes
        if let folder = before.folder {
            let files = try? await sandbox.scratchFiles(
                folder, maximumFiles: DiagnosticLimits.reports, maximumBytes: room)
            reports = (files ?? []).map { CheckOutput.Report(path: $0.path, bytes: $0.bytes) }
            await sandbox.removeScratchFolder(folder)
        }
        room -= reports.reduce(0) { $0 + $1.bytes.count }
        for change in try await written() {
            // What another run left says nothing of this one.
            if let known = before.stamps?[change.path], await stamp(change) == known { continue }
            guard reports.count < DiagnosticLimits.reports, change.size <= room,
                let bytes = try? change.contents(maximumBytes: room)
            else { continue }
            room -= bytes.count
            reports.append(CheckOutput.Report(path: change.path, bytes: bytes))
        }
        return reports
    }

    /// Regular files of the sandbox's own layer, read without following any link.
    private func written() async throws -> [WorkspaceChange] {
        guard let globs else { return [] }
        let changes = try await sandbox.changes().filter { change in
            change.kind != .deleted && change.fileKind == .regular && change.isPathValid && globs.contains(change.path)
        }
        return Array(changes.prefix(DiagnosticLimits.reports))
    }

    private func stamp(_ change: WorkspaceChange) async -> String {
        let status = try? await sandbox.stat(change.path)
        return "\(status?.size ?? -1) \(status?.modifiedNanoseconds ?? 0)"
    }
}
