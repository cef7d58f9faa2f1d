import JSON
import Policy
import ProjectConfiguration
import Workspace

/// The service's configuration file, `cofferdamd --config PATH` (default: `~/.config/cofferdam/service.yaml`).
///
/// ```yaml
/// limits: {memory: 4 GiB, workspace: 8 GiB}
/// concurrency: {total: 8, perUser: 3}
/// require: [namespaces, memory limit]
/// ```
/// Every section is a type of its own that reads itself (``ServiceFileSection``). Unknown keys and wrong types are
/// errors that name the line: a limit that is misspelt must not be silently absent.
public struct ServiceFile: Sendable, Equatable {
    public var limits = ServiceLimits()
    public var concurrency = ConcurrencyLimits()
    /// What sandboxes can be made from.
    public var environments = ServiceEnvironments()
    /// Guards without which no sandbox is made, by the names that `cofferdam doctor` shows.
    public var require = RequiredGuards()
    /// What sandboxes may reach.
    public var egress = EgressSettings()
    /// Whether programs in sandboxes may use the sessions' models.
    public var modelGateway = ModelGatewaySettings()
    /// What is made ready before it is asked for.
    public var warmPool = WarmPoolSettings()
    /// How long sessions that are over are kept.
    public var retention = RetentionSettings()
    /// What happens after a push.
    public var afterPush = AfterPushSettings()
    /// Whether model traffic may be recorded.
    public var recording = RecordingSettings()
    /// What may be spent on models.
    public var budgets = BudgetSettings()
    /// What every change must pass, whatever its repository says.
    public var checks = OrganisationChecks()
    /// How the service is known to remote repositories and forges.
    public var gitCredentials = GitCredentials()
    /// Remote repositories that sessions may begin with, and be published to.
    public var remotes = RemoteRules()
    /// How results go to them.
    public var publish = PublishSettings()

    public init() {}

    /// The built-in layer of policy with what this file grants.
    public var builtInLayer: PolicyLayer {
        var layer = egress.builtInLayer
        layer.modelGateway = modelGateway.limits != nil
        return layer
    }

    /// A configuration file is small; anything larger is a mistake.
    private static let maximumBytes = 1 << 20

    /// - Throws: why it cannot be read, or what is wrong at which line.
    public static func load(_ path: String) throws -> ServiceFile {
        guard let bytes = FileBytes.read(path, limit: maximumBytes) else {
            throw ConfigurationError.unreadable(
                path: path, reason: "it must be a readable regular file of at most \(maximumBytes) bytes")
        }
        return try parse(bytes, file: path)
    }

    /// - Parameter file: the file's name, for error messages.
    public static func parse(_ bytes: [UInt8], file: String) throws -> ServiceFile {
        let (document, locations) = try YAMLDocument.json(from: bytes, file: file)
        var result = ServiceFile()
        if document.isNull { return result }
        let reader = ConfigurationReader(file: file, locations: locations)
        let root = YAMLPath()
        let members = try reader.object(document, at: root, keys: sections.map(\.key))
        for (key, read) in sections {
            if let value = members[key] { try read(&result, value, root[key], reader) }
        }
        return result
    }

    private typealias Read = @Sendable (inout ServiceFile, JSON, YAMLPath, ConfigurationReader) throws -> Void

    /// Every section: its key and where it is kept. A new one is added here.
    private static var sections: [(key: String, read: Read)] {
        [
            ("limits", { $0.limits = try ServiceLimits($1, at: $2, $3) }),
            ("concurrency", { $0.concurrency = try ConcurrencyLimits($1, at: $2, $3) }),
            ("environments", { $0.environments = try ServiceEnvironments($1, at: $2, $3) }),
            ("require", { $0.require = try RequiredGuards($1, at: $2, $3) }),
            ("warmPool", { $0.warmPool = try WarmPoolSettings($1, at: $2, $3) }),
            ("retention", { $0.retention = try RetentionSettings($1, at: $2, $3) }),
            ("recording", { $0.recording = try RecordingSettings($1, at: $2, $3) }),
            ("budgets", { $0.budgets = try BudgetSettings($1, at: $2, $3) }),
            ("afterPush", { $0.afterPush = try AfterPushSettings($1, at: $2, $3) }),
            ("modelGateway", { $0.modelGateway = try ModelGatewaySettings($1, at: $2, $3) }),
            ("egress", { $0.egress = try EgressSettings($1, at: $2, $3) }),
            // In this order: remotes name credentials.
            ("gitCredentials", { $0.gitCredentials = try GitCredentials($1, at: $2, $3) }),
            ("remotes", { $0.remotes = try RemoteRules($1, at: $2, $3, credentials: $0.gitCredentials) }),
            ("publish", { $0.publish = try PublishSettings($1, at: $2, $3) }),
            ("checks", { $0.checks = try OrganisationChecks($1, at: $2, $3) }),
        ]
    }
}

/// A section of the ``ServiceFile``.
protocol ServiceFileSection: Sendable, Equatable {
    /// - Throws: `ConfigurationError` of the module ProjectConfiguration, with the line.
    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws
}
