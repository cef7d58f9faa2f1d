extension PolicyLayer {
    /// The layer below all others.
    ///
    /// Commands are allowed because the sandbox, not the command's text, is the boundary. Files that run elsewhere
    /// once they are applied (CI workflows, hooks, editor tasks) are asked about.
    ///
    /// - Parameters:
    ///   - egress: what the service's own file lets the agent's commands reach. All other layers only narrow it.
    ///   - setup: what it lets setup steps reach.
    public static func builtIn(egress: [EgressPermission] = [], setup: [EgressPermission] = []) -> PolicyLayer {
        var layer = PolicyLayer(name: "built-in")
        layer.egress = EgressLayer(allow: egress, setup: setup)
        do {
            layer.tools = try ["read", "glob", "grep", "write", "edit", "run", "shell"].map(PolicyRule.init)
            layer.deny = try changing([".git", ".git/**", "**/.git/**"])
            layer.ask = try changing(sensitivePaths)
            return layer
        } catch {
            return .failed(name: "built-in", reason: "\(error)")
        }
    }

    /// Paths of files that some program outside the sandbox runs or obeys.
    public static let sensitivePaths = [
        ".cofferdam.yaml", ".github/workflows/**", ".github/actions/**", ".gitlab-ci.yml", ".circleci/**",
        "Jenkinsfile", "azure-pipelines.yml", ".husky/**", ".githooks/**", ".pre-commit-config.yaml",
        "**/.gitattributes", "**/.gitmodules", ".gitattributes", ".gitmodules", ".vscode/**", ".idea/**",
        "**/.envrc", ".envrc", ".nvim.lua", ".exrc", ".dir-locals.el", "**/.dir-locals.el", ".devcontainer/**",
        "CODEOWNERS", ".github/CODEOWNERS",
    ]

    /// Whether a file runs elsewhere once it is applied.
    public static func isSensitive(path: String) -> Bool {
        sensitivePaths.contains { PathPattern($0).matches(path) }
    }

    private static func changing(_ patterns: [String]) throws -> [PolicyRule] {
        try patterns.flatMap { pattern in
            try ["write", "edit"].map { tool in try PolicyRule("\(tool)(\(pattern))") }
        }
    }
}
