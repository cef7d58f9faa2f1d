import JSON

/// From `.cofferdam.yaml` to a configuration, and from a repository without one to likely checks.
///
///     checks:                        # see CheckDefinition
///       - {name: tests, command: [make, test], timeout: 300}
///     environment:
///       LANG: C.UTF-8
///     instructions: Use tabs.
///     setup:
///       - [npm, ci]
///     sandbox: {environment: python} # see SandboxChoice
///     limits: {memory: 2 GiB}        # see LimitValues; they only lower the service's
///     policy: {}                     # see the Policy module
///     workspace: {exclude: [data/]}  # see WorkspaceChoice
///     publish: {reviewers: [alice]}  # see PublishChoice
public enum ProjectConfigurationLoader {
    public static let fileName = ".cofferdam.yaml"

    /// Reads a configuration. Unknown keys and wrong types are errors: a check or a rule that is misspelt must not be
    /// silently absent.
    ///
    /// - Parameter file: the file's name, for error messages.
    public static func load(yaml: [UInt8], file: String) throws(ConfigurationError) -> ProjectConfiguration {
        let (document, locations) = try YAMLDocument.json(from: yaml, file: file)
        if document.isNull { return ProjectConfiguration() }
        let reader = ConfigurationReader(file: file, locations: locations)
        let root = YAMLPath()
        let members = try reader.object(
            document, at: root,
            keys: [
                "checks", "environment", "instructions", "limits", "policy", "publish", "sandbox", "setup",
                "workspace",
            ])
        var configuration = ProjectConfiguration()
        if let value = members["checks"] {
            configuration.checks = try CheckDefinition.list(value, at: root["checks"], reader, origin: .repository)
        }
        if let value = members["environment"] {
            configuration.environment = try environment(value, at: root["environment"], reader)
        }
        if let value = members["instructions"] {
            configuration.instructions = try reader.string(
                value, at: root["instructions"], most: ConfigurationLimits.instructionBytes)
        }
        if let value = members["limits"] { configuration.limits = try LimitValues(value, at: root["limits"], reader) }
        if let value = members["policy"] {
            guard value.objectValue != nil else { throw reader.error(at: root["policy"], "policy must be a mapping") }
            configuration.policy = value
        }
        if let value = members["sandbox"] {
            configuration.sandbox = try SandboxChoice(value, at: root["sandbox"], reader)
        }
        if let value = members["setup"] {
            let list = try reader.array(value, at: root["setup"], most: ConfigurationLimits.setupCommands)
            for (index, command) in list.enumerated() {
                configuration.setup.append(try reader.command(command, at: root["setup"][index]))
            }
        }
        if let value = members["publish"] {
            configuration.publish = try PublishChoice(value, at: root["publish"], reader)
        }
        if let value = members["workspace"] {
            configuration.workspace = try WorkspaceChoice(value, at: root["workspace"], reader)
        }
        return configuration
    }

    private static func environment(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws(ConfigurationError) -> [String: String] {
        guard let members = value.objectValue else { throw reader.error(at: path, "environment must be a mapping") }
        guard members.count <= ConfigurationLimits.environmentVariables else {
            throw reader.error(
                at: path, "environment has more than \(ConfigurationLimits.environmentVariables) entries")
        }
        var environment: [String: String] = [:]
        for (name, value) in members {
            let isName = name.utf8.enumerated().allSatisfy { index, byte in
                byte == 0x5F || (0x41...0x5A).contains(byte & 0xDF) || index > 0 && (0x30...0x39).contains(byte)
            }
            guard isName, !name.isEmpty, name.utf8.count <= ConfigurationLimits.nameBytes else {
                throw reader.error(at: path[name], "‘\(name.prefix(64))’ is no name of an environment variable")
            }
            environment[name] = try reader.string(value, at: path[name], most: ConfigurationLimits.wordBytes)
        }
        return environment
    }
}
