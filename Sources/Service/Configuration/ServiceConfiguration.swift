import Secrets
import WebSocket

/// Everything `cofferdamd` was told, parsed and validated once.
public struct ServiceConfiguration: Sendable {
    public var endpoint: EndpointConfiguration
    public var tokens: TokenSource
    /// Database, logs and sessions live here. Absolute.
    public var stateDirectory: String
    /// The models file; absent: none is configured. Absolute.
    public var modelsFile: String?
    /// Policy of the organisation, a layer above the repository's.
    public var policyFile: String?
    /// The file that ``ServiceFile`` reads; nil: the user's, where there is one. Absolute.
    public var serviceFile: String?
    public var logLevel: Log.Level
    public var logTarget: LogTarget
    /// Ends the service after so long with no connection and no live session; nil: never.
    public var idleTimeout: Duration?
    /// How long running turns may go on after SIGTERM.
    public var drainGrace: Duration
    /// The private directory of an embedded service's socket and token; made or checked before anything is put there.
    public var embedded: LocalService?
    /// The secrets that this process meets; nothing that it writes holds them.
    public let secrets = KnownSecrets()
    /// Told when the service listens, or why it does not.
    public var readyDescriptor: Int32?

    public enum TokenSource: Sendable, Equatable {
        /// Must exist.
        case file(String)
        /// A new token is written there before the service listens.
        case generated(String)
    }

    public enum LogTarget: Sendable, Equatable {
        case standardError
        case file(String)
    }

    public init(
        endpoint: EndpointConfiguration, tokens: TokenSource, stateDirectory: String, modelsFile: String? = nil,
        logLevel: Log.Level = .info, logTarget: LogTarget = .standardError, idleTimeout: Duration? = nil,
        drainGrace: Duration = .seconds(10), embedded: LocalService? = nil, readyDescriptor: Int32? = nil
    ) {
        self.endpoint = endpoint
        self.tokens = tokens
        self.stateDirectory = stateDirectory
        self.modelsFile = modelsFile
        self.logLevel = logLevel
        self.logTarget = logTarget
        self.idleTimeout = idleTimeout
        self.drainGrace = drainGrace
        self.embedded = embedded
        self.readyDescriptor = readyDescriptor
    }
}
