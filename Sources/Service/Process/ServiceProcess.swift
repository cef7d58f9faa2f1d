import WebSocket

/// The life of the service: listen, serve, drain, end.
public struct ServiceProcess: Sendable {
    /// Makes the sessions' backend once the configuration is known and before the service listens.
    public typealias BackendFactory = @Sendable (ServiceConfiguration, Log) async throws -> any SessionBackend

    private let configuration: ServiceConfiguration
    private let makeBackend: BackendFactory

    public init(_ configuration: ServiceConfiguration, makeBackend: @escaping BackendFactory) {
        self.configuration = configuration
        self.makeBackend = makeBackend
    }

    /// Returns after an orderly end: SIGTERM, SIGINT or, where configured, idleness.
    ///
    /// - Throws: why the service could not start; the one who waits on `readyDescriptor` has been told.
    public func run() async throws {
        let ready = ReadySignal(configuration.readyDescriptor)
        let log: Log
        let endpoint: ServiceEndpoint
        do {
            ProcessSetup.apply()
            try SmallFile.makeDirectories(configuration.stateDirectory)
            try configuration.embedded?.prepare()
            let sink =
                switch configuration.logTarget {
                case .standardError: LogSink.standardError
                case .file(let path): try LogSink.file(path)
                }
            log = Log(level: configuration.logLevel, sink: sink, secrets: configuration.secrets)
            let backend = try await makeBackend(configuration, log)
            let tokens =
                switch configuration.tokens {
                case .file(let path): try BearerTokens(file: path)
                case .generated(let path): try BearerTokens.generate(at: path)
                }
            configuration.secrets.add(tokens.secrets)
            endpoint = ServiceEndpoint(
                configuration: configuration.endpoint, tokens: tokens, backend: backend, log: log)
            try await endpoint.start()
        } catch {
            ready.failed(configuration.secrets.redact("\(error)"))
            throw error
        }
        let signals = TerminationSignals()
        ready.ready()
        await waitForEnd(endpoint, signals, log)
        await endpoint.drain(grace: configuration.drainGrace)
        log.info("ended")
    }

    private func waitForEnd(_ endpoint: ServiceEndpoint, _ signals: TerminationSignals, _ log: Log) async {
        await withTaskGroup(of: String.self) { group in
            group.addTask { "signal \(await signals.first())" }
            if let limit = idleLimit(endpoint.backend) {
                group.addTask {
                    await Self.waitForIdleness(endpoint, limit)
                    return "idle for \(limit)"
                }
            }
            let reason = await group.next() ?? "no reason"
            log.info("ending", ["reason": reason])
            group.cancelAll()
        }
    }

    /// A service of the user's own without a model ends soon: the one that starts next sees what they have set since.
    private func idleLimit(_ backend: any SessionBackend) -> Duration? {
        guard configuration.embedded != nil, backend.models.isEmpty else { return configuration.idleTimeout }
        return min(configuration.idleTimeout ?? Self.modellessIdleLimit, Self.modellessIdleLimit)
    }

    private static let modellessIdleLimit = Duration.seconds(2)

    /// Returns when for `limit` there has been neither a client nor a live session.
    private static func waitForIdleness(_ endpoint: ServiceEndpoint, _ limit: Duration) async {
        var lastLive = ContinuousClock.now
        while !Task.isCancelled {
            let now = ContinuousClock.now
            if await endpoint.backend.liveSessions > 0 { lastLive = now }
            let idle = min(endpoint.idleTime ?? .zero, now - lastLive)
            if idle >= limit { return }
            // Looks more often than once a limit, as a session's end is not told.
            try? await Task.sleep(for: min(limit - idle, max(limit / 4, .milliseconds(50))))
        }
    }
}
