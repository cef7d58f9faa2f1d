/// Fills in the variables of a `devcontainer.json`, such as `${containerWorkspaceFolder}`.
///
/// `${localEnv:NAME}` is the environment of the user's machine, which a repository is told nothing of: its default holds,
/// or nothing.
public struct DevContainerVariables: Sendable {
    private let folder: String
    private let containerFolder: String
    /// What `${containerEnv:NAME}` stands for.
    private let environment: [String: String]
    /// Names that could not be filled in.
    public private(set) var refused: Set<String> = []

    /// Of a text after variables are filled in; a value that doubles with each variable ends here.
    private static let maximumBytes = ConfigurationLimits.wordBytes

    /// - Parameters:
    ///   - folder: the workspace as the user has it, which is where it stands in the sandbox too.
    ///   - containerFolder: `workspaceFolder`; nil: the same.
    public init(folder: String, containerFolder: String? = nil, environment: [String: String] = [:]) {
        self.folder = folder
        self.containerFolder = containerFolder ?? folder
        self.environment = environment
    }

    public mutating func fill(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                return result + rest[start.lowerBound...]
            }
            result += value(String(rest[start.upperBound..<end])) ?? String(rest[start.lowerBound...end])
            rest = rest[rest.index(after: end)...]
            if result.utf8.count > Self.maximumBytes { return "" }
        }
        return result + rest
    }

    private mutating func value(_ name: String) -> String? {
        let parts = name.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        switch parts[0] {
        case "localWorkspaceFolder": return folder
        case "containerWorkspaceFolder": return containerFolder
        case "localWorkspaceFolderBasename": return Self.last(folder)
        case "containerWorkspaceFolderBasename": return Self.last(containerFolder)
        case "containerEnv" where parts.count > 1:
            return environment[parts[1]] ?? (parts.count > 2 ? parts[2] : "")
        case "localEnv", "env":
            if parts.count > 2 { return parts[2] }
            refused.insert("${\(name.prefix(80))}")
            return ""
        default:
            // Also what the shell means: `${HOME}` in a command.
            return nil
        }
    }

    private static func last(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
