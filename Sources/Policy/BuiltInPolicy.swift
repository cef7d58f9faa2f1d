extension PolicyLayer {
    /// The layer below all others.
    ///
    /// Commands are allowed because the sandbox, not the command's text, is the boundary. Files that run elsewhere
    /// once they are applied (CI workflows, hooks, editor tasks) are asked about.
    ///
    /// - Parameters:
    ///   - egress: what the service's own file lets the agent's commands reach. All other layers only narrow it.
    ///   - setup: what it lets setup steps reach.
    ///   - modelGateway: whether it lets programs in a sandbox use the session's models.
    public static func builtIn(
        egress: [EgressPermission] = [], setup: [EgressPermission] = [], modelGateway: Bool = false
    ) -> PolicyLayer {
        var layer = PolicyLayer(name: "built-in")
        layer.modelGateway = modelGateway
        layer.egress = EgressLayer(allow: egress, setup: setup)
        do {
            layer.tools = try [
                "read", "glob", "grep", "write", "edit", "run", "shell", "command_output", "command_input",
                "command_stop",
            ].map(PolicyRule.init)
            layer.deny = try changing([".git", ".git/**", "**/.git/**"])
            layer.ask = try changing(sensitivePaths)
            return layer
        } catch {
            return .failed(name: "built-in", reason: "\(error)")
        }
    }

    /// Paths of files that some program outside the sandbox runs or obeys once they are applied.
    ///
    /// In a sandbox they are ordinary files: a read-only mount over each would stand in the way of legitimate changes that
    /// the user approves of, and a placeholder for those that do not exist would be seen by every tool in the workspace.
    /// What guards them is that the model's own edits are asked about, that a result names them apart, and that they are
    /// never applied unless they are named.
    public static let sensitivePaths =
        [
            // Cofferdam's own rules, which the next session reads.
            ".cofferdam.yaml",
            // Continuous integration, which has secrets.
            ".github/workflows/**", ".github/actions/**", ".gitlab-ci.yml", ".circleci/**", "Jenkinsfile",
            "azure-pipelines.yml", "bitbucket-pipelines.yml", ".travis.yml", ".drone.yml", ".buildkite/**",
            ".woodpecker/**", ".woodpecker.yml", ".forgejo/workflows/**", ".gitea/workflows/**", "CODEOWNERS",
            ".github/CODEOWNERS",
            // What git runs, and a directory that git takes for a repository whatever it is called.
            "**/.gitattributes", "**/.gitmodules", "**/.gitconfig", ".husky/**", ".githooks/**",
            ".pre-commit-config.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", "**/HEAD",
            "**/*.git/**",
        ] + editorPaths + startUpPaths

    private static let editorPaths = [
        "**/.vscode/**", "**/*.code-workspace", "**/.idea/**", "**/.zed/**", "**/.fleet/**", "**/.devcontainer/**",
        "**/.devcontainer.json", "**/.nvim.lua", "**/.nvimrc", "**/.vimrc", "**/.exrc", "**/.lvimrc",
        "**/.dir-locals.el", "**/.dir-locals-2.el",
        // Agents and their servers.
        "**/.claude/**", "**/.cursor/**", "**/.codex/**", "**/.gemini/**", "**/.kiro/**", "**/.windsurf/**",
        "**/.opencode/**", "**/.continue/**", "**/.amazonq/**", "**/.mcp.json", "**/opencode.json",
    ]

    /// Read when a shell or a tool starts in the folder.
    private static let startUpPaths = [
        "**/.envrc", "**/.mise.toml", "**/mise.toml", "**/.bashrc", "**/.bash_profile", "**/.bash_login",
        "**/.profile", "**/.zshrc", "**/.zshenv", "**/.zprofile", "**/.gdbinit", "**/.lldbinit", "**/.npmrc",
        "**/.yarnrc", "**/.yarnrc.yml", "**/.pnpmfile.cjs", "**/.cargo/config", "**/.cargo/config.toml", "**/.netrc",
        "**/.ssh/**",
    ]

    private static let sensitivePatterns = sensitivePaths.map { PathPattern($0) }

    /// Whether a file runs elsewhere once it is applied.
    public static func isSensitive(path: String) -> Bool {
        sensitivePatterns.contains { $0.matches(path) }
    }

    private static func changing(_ patterns: [String]) throws -> [PolicyRule] {
        try patterns.flatMap { pattern in
            try ["write", "edit"].map { tool in try PolicyRule("\(tool)(\(pattern))") }
        }
    }
}
