import JSON

/// `sandbox:` of `.cofferdam.yaml`: which environment of the service's a repository works in.
///
///     sandbox:
///       environment: python          # by name; default: the service's own, or what devcontainer.json leads to
///       setupInputs: [tools/ci]      # further files and folders whose change makes the set-up run again
///       devcontainer: false          # default: used when this service has its image
public struct SandboxChoice: Sendable, Equatable {
    /// Name of one that the service offers; nil for its default.
    public var environment: String?
    /// Files and folders that the setup steps depend on, in addition to manifests and what the steps name.
    public var setupInputs: [String]
    /// Whether `devcontainer.json` is to be used: true makes it an error when it cannot be; nil: when it can be.
    public var devcontainer: Bool?

    public init(environment: String? = nil, setupInputs: [String] = [], devcontainer: Bool? = nil) {
        self.environment = environment
        self.setupInputs = setupInputs
        self.devcontainer = devcontainer
    }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws(ConfigurationError) {
        self.init()
        let members = try reader.object(value, at: path, keys: ["environment", "setupInputs", "devcontainer"])
        if let value = members["environment"] { environment = try reader.name(value, at: path["environment"]) }
        if let value = members["devcontainer"] { devcontainer = try reader.bool(value, at: path["devcontainer"]) }
        guard let value = members["setupInputs"] else { return }
        let list = try reader.array(value, at: path["setupInputs"], most: ConfigurationLimits.setupInputs)
        for (index, entry) in list.enumerated() {
            let place = path["setupInputs"][index]
            let input = try reader.string(entry, at: place, most: ConfigurationLimits.pathBytes)
            guard !input.isEmpty, !input.hasPrefix("/"), !input.split(separator: "/").contains("..") else {
                throw reader.error(at: place, "\(place) must be a path in the repository")
            }
            setupInputs.append(input)
        }
    }
}
