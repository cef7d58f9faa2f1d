import Secrets

/// A program of the host that answers as a model: `Protocol/model-command.md`.
public struct ModelCommand: Sendable, Equatable {
    /// The program, as an absolute path or a name in `/usr/local/bin`, `/usr/bin` or `/bin`, and its arguments.
    public var arguments: [String]
    /// All that the program finds in its environment, besides a `PATH` of these folders and `LANG`.
    public var environment: [String: SecretString]

    public init(arguments: [String], environment: [String: SecretString] = [:]) {
        self.arguments = arguments
        self.environment = environment
    }

    var secrets: [SecretString] { Array(environment.values) }

    private static let folders = ["/usr/local/bin", "/usr/bin", "/bin"]

    /// Where the program may be; the first that is there counts.
    var programs: [String] {
        guard let name = arguments.first else { return [] }
        return name.hasPrefix("/") ? [name] : Self.folders.map { $0 + "/" + name }
    }

    var variables: [String: String] {
        ["PATH": Self.folders.joined(separator: ":"), "LANG": "C.UTF-8"]
            .merging(environment.mapValues { $0.reveal() }) { $1 }
    }
}
