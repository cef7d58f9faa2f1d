extension SandboxSpec {
    /// A command's variables without those that the repository chose. Of its `PATH` stays what leads to files that neither it
    /// nor its session can write.
    func withoutRepositoryVariables(_ variables: [String: String]) -> [String: String] {
        var variables = variables
        for name in repositoryVariables ?? [] {
            let value = variables.removeValue(forKey: name)
            guard name == "PATH", let value else { continue }
            let kept = value.split(separator: ":").map(String.init).filter(isReadOnly)
            variables[name] = (kept.isEmpty ? SandboxLayout.systemPath : kept).joined(separator: ":")
        }
        return variables
    }

    private func isReadOnly(_ path: String) -> Bool {
        guard HostPaths.isNormalized(path) else { return false }
        let writable = [workspacePath, workspaceLink, SandboxLayout.home, "/tmp", "/var/tmp", "/dev", "/proc", "/run"]
        return !writable.contains { $0.map { HostPaths.isBeneath(path, $0) } ?? false }
    }
}
