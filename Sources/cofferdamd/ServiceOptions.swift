import ArgumentParser
import Service
import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The command line of the service.
struct ServiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Listen on a TCP address.", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("Listen on a unix socket.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("Bearer tokens, one a line, as TOKEN or NAME:TOKEN.", valueName: "path"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Certificate chain for TLS, PEM.", valueName: "path"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("Private key of the certificate, PEM.", valueName: "path"))
    var tlsKey: String?

    @Flag(help: "Serve plain text on addresses that other machines reach. Only behind a proxy that does TLS.")
    var insecureAllowPlaintext = false

    @Flag(help: "Serve one user's editors: a private unix socket, a new token, an end when idle.")
    var embedded = false

    @Option(
        help: ArgumentHelp("With --embedded: end after so long without clients and sessions.", valueName: "seconds"))
    var idleTimeout: Double = 1800

    @Option(help: ArgumentHelp("Where sessions are kept (default: ~/.local/state/cofferdam).", valueName: "path"))
    var stateDirectory: String?

    @Option(help: ArgumentHelp("The models that sessions may use.", valueName: "path"))
    var models: String?

    @Option(help: ArgumentHelp("Policy that every session is held to, as YAML.", valueName: "path"))
    var policy: String?

    @Option(
        help: ArgumentHelp(
            "Limits, concurrency, required guards and more, as YAML (default: ~/.config/cofferdam/service.yaml).",
            valueName: "path"))
    var config: String?

    @Option(help: ArgumentHelp("debug, info, warning or error.", valueName: "level"))
    var logLevel = "info"

    @Option(help: ArgumentHelp("How long running turns may go on after SIGTERM.", valueName: "seconds"))
    var drainGrace: Double = 10

    @Flag(help: "Say which guards of a sandbox are active on this machine, and end.")
    var guards = false

    @Flag(help: "Say of each model whether its key is there and its endpoint answers, and end. Nothing is asked of it.")
    var checkModels = false

    @Option(help: ArgumentHelp("With --embedded: where clients meet the service.", visibility: .hidden))
    var runtimeDirectory: String?

    @Option(help: ArgumentHelp("Write `ready` to this descriptor once listening.", visibility: .hidden))
    var readyFd: Int32?

    /// Checks everything and makes paths absolute; touches nothing.
    func resolved() throws -> ServiceConfiguration {
        let environment = Environment.current
        guard let level = Log.Level(rawValue: logLevel) else {
            throw ConfigurationError.invalid(
                option: "--log-level", value: logLevel,
                expected: Log.Level.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let state = try Self.absolute(stateDirectory ?? defaultStateDirectory(environment))
        var configuration = ServiceConfiguration(
            endpoint: EndpointConfiguration(
                addresses: try addresses(environment), tls: try tls(), allowsPlaintext: insecureAllowPlaintext),
            tokens: try tokens(environment), stateDirectory: state, modelsFile: try models.map(Self.absolute),
            logLevel: level, drainGrace: try Self.seconds("--drain-grace", drainGrace), readyDescriptor: readyFd)
        configuration.policyFile = try policy.map(Self.absolute)
        configuration.serviceFile = try serviceFile(environment)
        if embedded {
            configuration.idleTimeout = try Self.seconds("--idle-timeout", idleTimeout)
            configuration.embedded = try local(environment)
            configuration.logTarget = .file(state + "/cofferdamd.log")
        }
        return configuration
    }

    /// The file that was named, else the user's where there is one.
    func serviceFile(_ environment: [String: String]) throws -> String? {
        if let config { return try Self.absolute(config) }
        let folder = environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? "") + "/.config"
        let usual = "\(folder)/cofferdam/service.yaml"
        return usual.hasPrefix("/") && access(usual, F_OK) == 0 ? usual : nil
    }

    private func addresses(_ environment: [String: String]) throws -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        if let listen { addresses.append(try ListenAddress(parsing: listen)) }
        if let socket { addresses.append(.unix(path: try Self.absolute(socket))) }
        if embedded, socket == nil { addresses.append(.unix(path: try local(environment).socketPath)) }
        guard !addresses.isEmpty else {
            throw ConfigurationError.conflict("say where to listen: --listen HOST:PORT, --socket PATH or --embedded")
        }
        return addresses
    }

    private func local(_ environment: [String: String]) throws -> LocalService {
        try runtimeDirectory.map { LocalService(directory: try Self.absolute($0)) }
            ?? LocalService(environment: environment)
    }

    private func tls() throws -> EndpointConfiguration.TLSFiles? {
        switch (tlsCert, tlsKey) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            return .init(certificateChain: try Self.absolute(certificate), privateKey: try Self.absolute(key))
        default: throw ConfigurationError.conflict("--tls-cert and --tls-key belong together")
        }
    }

    private func tokens(_ environment: [String: String]) throws -> ServiceConfiguration.TokenSource {
        if let tokenFile { return .file(try Self.absolute(tokenFile)) }
        guard embedded else {
            throw ConfigurationError.conflict("--token-file is needed: the service has no unauthenticated mode")
        }
        return .generated(try local(environment).tokenPath)
    }

    private func defaultStateDirectory(_ environment: [String: String]) throws -> String {
        if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") { return base + "/cofferdam" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.local/state/cofferdam" }
        throw ConfigurationError.conflict("--state-directory is needed: neither XDG_STATE_HOME nor HOME is set")
    }

    private static func seconds(_ option: String, _ value: Double) throws -> Duration {
        guard value.isFinite, (0...31_536_000).contains(value) else {
            throw ConfigurationError.invalid(option: option, value: "\(value)", expected: "seconds, from 0 to a year")
        }
        return .seconds(value)
    }

    private static func absolute(_ path: String) throws -> String {
        guard !path.isEmpty else { throw ConfigurationError.conflict("a path is empty") }
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else {
            throw ConfigurationError.unreadable(path: ".", reason: String(cString: strerror(errno)))
        }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }
}

/// The process's environment variables.
enum Environment {
    static var current: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pair = entry.pointee {
            let text = String(cString: pair)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }
}
