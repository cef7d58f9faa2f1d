import JSON

/// What Cofferdam uses of a `devcontainer.json` (containers.dev, JSON reference).
public struct DevContainer: Sendable, Equatable {
    /// Where it may be, in the order of the specification.
    public static let paths = [".devcontainer/devcontainer.json", ".devcontainer.json"]

    /// `image`: the name of a container image.
    public var image: String?
    /// Whether the image is to be built (`build`, `dockerFile`, `dockerComposeFile`), which is not done here.
    public var isBuilt = false
    /// `customizations.cofferdam.environment`: an environment of the service's by name.
    public var environment: String?
    /// `containerEnv` and over it `remoteEnv`, variables not yet filled in; a null takes the container's away.
    public var variables: [(name: String, value: String)] = []
    /// `remoteUser`, or else `containerUser`.
    public var user: String?
    /// `workspaceFolder`, variables not yet filled in.
    public var workspaceFolder: String?
    /// `onCreateCommand`, `updateContentCommand` and `postCreateCommand`, each with its commands, which run at the same
    /// time; variables not yet filled in.
    public var steps: [[[String]]] = []
    /// Properties that are set and mean nothing here.
    public var unused: [String] = []

    public static func == (left: DevContainer, right: DevContainer) -> Bool {
        left.image == right.image && left.isBuilt == right.isBuilt && left.environment == right.environment
            && left.variables.elementsEqual(right.variables, by: ==) && left.user == right.user
            && left.workspaceFolder == right.workspaceFolder && left.steps == right.steps && left.unused == right.unused
    }

    private static let used: Set<String> = [
        "image", "build", "dockerFile", "dockerComposeFile", "containerEnv", "remoteEnv", "remoteUser", "containerUser",
        "workspaceFolder", "onCreateCommand", "updateContentCommand", "postCreateCommand",
    ]
    /// Of no consequence: they are for people and for editors.
    private static let silent: Set<String> = [
        "name", "$schema", "customizations", "hostRequirements", "shutdownAction",
    ]
    private static let maximumCommands = 64
    private static let maximumUnused = 32

    /// - Parameter file: the file's name, for messages.
    public init(jsonc bytes: [UInt8], file: String) throws(ConfigurationError) {
        let json: JSON
        do throws(JSONParseError) { json = try JSON(parsing: JSONWithComments.plain(bytes)) } catch {
            throw ConfigurationError(file: file, line: error.line, column: error.column, message: "\(error)")
        }
        guard let root = json.objectValue else { throw Self.error(file, "it must be an object") }
        image = try Self.text(root["image"], "image", file)
        isBuilt = ["build", "dockerFile", "dockerComposeFile"].contains { root[$0].map { !$0.isNull } ?? false }
        environment = try Self.text(
            root["customizations"]?["cofferdam"]?["environment"], "customizations.cofferdam.environment", file)
        let containerUser = try Self.text(root["containerUser"], "containerUser", file)
        user = try Self.text(root["remoteUser"], "remoteUser", file) ?? containerUser
        workspaceFolder = try Self.text(root["workspaceFolder"], "workspaceFolder", file)
        for key in ["containerEnv", "remoteEnv"] { try addVariables(root[key], key, file) }
        for key in ["onCreateCommand", "updateContentCommand", "postCreateCommand"] {
            let commands = try Self.commands(root[key], key, file)
            if !commands.isEmpty { steps.append(commands) }
        }
        for (key, _) in root where !Self.used.contains(key) && !Self.silent.contains(key) {
            if unused.count < Self.maximumUnused { unused.append(String(key.prefix(64))) }
        }
    }

    private mutating func addVariables(_ value: JSON?, _ key: String, _ file: String) throws(ConfigurationError) {
        guard let value, !value.isNull else { return }
        guard let members = value.objectValue else { throw Self.error(file, "\(key) must be an object") }
        for (name, member) in members {
            guard Self.isName(name) else {
                throw Self.error(file, "\(key): ‘\(name.prefix(64))’ is no name of an environment variable")
            }
            variables.removeAll { $0.name == name }
            if member.isNull { continue }
            guard let text = try Self.text(member, "\(key).\(name)", file) else { continue }
            variables.append((name, text))
            guard variables.count <= ConfigurationLimits.environmentVariables else {
                throw Self.error(file, "\(key) has more than \(ConfigurationLimits.environmentVariables) entries")
            }
        }
    }

    /// A string is for the shell, an array is a command, an object has commands by name that run at the same time.
    private static func commands(_ value: JSON?, _ key: String, _ file: String) throws(ConfigurationError) -> [[String]]
    {
        guard let value, !value.isNull else { return [] }
        if let members = value.objectValue {
            guard members.count <= maximumCommands else {
                throw error(file, "\(key) has more than \(maximumCommands) commands")
            }
            var list: [[String]] = []
            for (name, member) in members {
                guard member.objectValue == nil else {
                    throw error(file, "\(key).\(name) must be a string or an array")
                }
                list += try commands(member, "\(key).\(name)", file)
            }
            return list
        }
        if let script = try? text(value, key, file) {
            return script.allSatisfy(\.isWhitespace) ? [] : [["/bin/sh", "-c", script]]
        }
        guard let words = value.arrayValue, words.count <= ConfigurationLimits.commandWords else {
            throw error(file, "\(key) must be a string, a list of words or an object of these")
        }
        var command: [String] = []
        for word in words {
            guard let text = try text(word, key, file) else { throw error(file, "\(key) holds a null") }
            command.append(text)
        }
        guard command.first?.isEmpty == false else { return [] }
        return [command]
    }

    private static func text(_ value: JSON?, _ key: String, _ file: String) throws(ConfigurationError) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.stringValue else { throw error(file, "\(key) must be a string") }
        guard text.utf8.count <= ConfigurationLimits.wordBytes, !text.utf8.contains(0) else {
            throw error(file, "\(key) is too long or holds a NUL character")
        }
        return text
    }

    private static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= ConfigurationLimits.nameBytes else { return false }
        return name.utf8.enumerated().allSatisfy { index, byte in
            byte == 0x5F || (0x41...0x5A).contains(byte & 0xDF) || index > 0 && (0x30...0x39).contains(byte)
        }
    }

    private static func error(_ file: String, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: 1, column: 1, message: message)
    }
}
