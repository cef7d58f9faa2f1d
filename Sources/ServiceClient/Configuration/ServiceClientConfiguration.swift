import AgentProtocol
import WebSocket

/// Where the service is and how to get in.
public struct ServiceClientConfiguration: Sendable {
    /// Nil: the user's embedded service.
    public var url: ServiceURL?
    /// Takes precedence over `tokenFile`.
    public var token: String?
    /// Read at every connect. The embedded service's is found without it.
    public var tokenFile: String?
    /// PEM; the certificates that a `wss` service's must lead to, in place of the system's.
    public var caFile: String?
    /// Start the embedded service when it is not running.
    public var startsEmbedded: Bool
    /// The service's program; nil: beside this program, then on `PATH`.
    public var servicePath: String?
    /// Passed to an embedded service that this client starts, after its own arguments.
    public var serviceArguments: [String]
    /// Where the embedded service is met.
    public var local: LocalService
    public var clientInfo: ProgramInfo
    /// What the embedded service inherits, and where its program is looked for.
    public var environment: [String: String]

    public init(
        url: ServiceURL? = nil, token: String? = nil, tokenFile: String? = nil, caFile: String? = nil,
        startsEmbedded: Bool = true, servicePath: String? = nil, serviceArguments: [String] = [],
        local: LocalService, clientInfo: ProgramInfo, environment: [String: String] = [:]
    ) {
        self.url = url
        self.token = token
        self.tokenFile = tokenFile
        self.caFile = caFile
        self.startsEmbedded = startsEmbedded
        self.servicePath = servicePath
        self.serviceArguments = serviceArguments
        self.local = local
        self.clientInfo = clientInfo
        self.environment = environment
    }

    /// From `COFFERDAM_SERVICE_URL`, `COFFERDAM_TOKEN`, `COFFERDAM_TOKEN_FILE`, `COFFERDAM_CA_FILE`, `COFFERDAMD` (the
    /// service's program) and `XDG_RUNTIME_DIR`. Empty variables count as absent.
    ///
    /// - Throws: `ServiceClientError.configuration`.
    public static func fromEnvironment(
        _ environment: [String: String], clientInfo: ProgramInfo
    ) throws(ServiceClientError) -> ServiceClientConfiguration {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var configuration = ServiceClientConfiguration(
            token: value("COFFERDAM_TOKEN"), tokenFile: value("COFFERDAM_TOKEN_FILE"),
            caFile: value("COFFERDAM_CA_FILE"), servicePath: value("COFFERDAMD"),
            local: LocalService(environment: environment), clientInfo: clientInfo, environment: environment)
        if let text = value("COFFERDAM_SERVICE_URL") {
            configuration.url = try ServiceURL(parsing: text)
            configuration.startsEmbedded = false
            if configuration.token == nil, configuration.tokenFile == nil {
                throw .configuration(
                    "COFFERDAM_SERVICE_URL is set, but neither COFFERDAM_TOKEN_FILE nor COFFERDAM_TOKEN")
            }
        }
        return configuration
    }

    /// The token to present now.
    func currentToken() throws(ServiceClientError) -> String {
        if let token { return token }
        let path = tokenFile ?? local.tokenPath
        let bytes: [UInt8]
        do { bytes = try SmallFile.read(path, maxBytes: 1 << 20) } catch {
            throw .configuration("cannot read the token file \(path): \(error.reason)")
        }
        // The service's own format: `token` or `name:token`; the first counts.
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let text = line.filter { !$0.isWhitespace }
            if text.isEmpty || text.hasPrefix("#") { continue }
            return String(text[(text.lastIndex(of: ":").map(text.index(after:)) ?? text.startIndex)...])
        }
        throw .configuration("the token file \(path) has no token")
    }
}
