import AgentProtocol
import ProjectConfiguration
import Sandbox
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension AgentSession {
    /// A frozen copy of what the session works on, with unsaved buffers in place of their files.
    func takeBase(_ overlays: [String: [UInt8]]) async throws -> WorkspaceSnapshot {
        if let source = configuration.source {
            return try await source.take(overlays: overlays, holder: configuration.sessionId) { [weak self] text in
                await self?.tellProgress(text)
            }
        }
        let folder = configuration.workspaceFolder
        let rules = try await Background.run {
            try WorkspaceRules.load(folder: folder, edited: overlays[Self.configurationFile])
        }
        if let bases = configuration.bases {
            return try await bases.take(
                folder: folder, overlays: overlays, rules: rules, holder: configuration.sessionId
            ).snapshot
        }
        let base = "\(configuration.stateDirectory)/base"
        return try await Background.run {
            guard mkdir(base, 0o700) == 0 else {
                throw AgentError.configuration("cannot make \(base): \(String(cString: strerror(errno)))")
            }
            return try SnapshotTaker.take(folder: folder, into: base, overlays: overlays, rules: rules)
        }
    }

    /// Says what a session that is starting is busy with.
    private func tellProgress(_ text: String) async {
        guard state == .starting else { return }
        _ = try? await emit(.sessionStatus(SessionStatusEvent(state: .starting, reason: text)))
    }
}

extension WorkspaceRules {
    /// What `.cofferdam.yaml` of a folder says of its snapshots.
    /// - Parameter edited: the file's contents where an editor has it unsaved.
    /// - Throws: `ConfigurationError` when it cannot be used.
    public static func load(folder: String, edited: [UInt8]? = nil) throws -> WorkspaceRules {
        let name = ProjectConfigurationLoader.fileName
        guard let yaml = edited ?? FileBytes.read("\(folder)/\(name)", limit: ConfigurationLimits.fileBytes) else {
            return WorkspaceRules()
        }
        return WorkspaceRules(try ProjectConfigurationLoader.load(yaml: yaml, file: name).workspace)
    }

    public init(_ choice: WorkspaceChoice) {
        let whole = choice.expanded
        self.init(Patterns(include: whole.include, exclude: whole.exclude, secrets: whole.secrets))
    }
}
