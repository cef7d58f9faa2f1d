/// Why an environment cannot be had. Descriptions say what to do.
public enum EnvironmentError: Error, Sendable, Equatable {
    /// No such environment, or none that a repository may choose.
    case unknown(name: String, offered: [String])
    /// `image` of a devcontainer.json that must be honoured is no environment's.
    case noEnvironmentForImage(image: String, offered: [String])
    case unreadable(path: String, reason: String)
    /// An entry that is not taken from any archive: it would lead out of the root, or makes no sense.
    case hostileEntry(archive: String, entry: String, reason: String)
    case brokenArchive(path: String, reason: String)
    /// Larger than the service takes.
    case tooLarge(what: String, limit: Int)
    case brokenImage(layout: String, reason: String)
    /// The store of environments cannot be written.
    case store(path: String, reason: String)
    case setupFailed(command: String, result: String, output: String)
}

extension EnvironmentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let name, let offered):
            "This service has no environment “\(name)” to choose. It offers \(Self.list(offered))."
        case .noEnvironmentForImage(let image, let offered):
            "No environment of this service stands for the image “\(image)”, and images are not downloaded. It offers "
                + "\(Self.list(offered)); name one as `sandbox: {environment: …}` in .cofferdam.yaml."
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .hostileEntry(let archive, let entry, let reason):
            "\(archive) is refused: its entry “\(entry.prefix(200))” \(reason)"
        case .brokenArchive(let path, let reason): "\(path) is no whole tar archive: \(reason)"
        case .tooLarge(let what, let limit): "\(what): more than \(limit)"
        case .brokenImage(let layout, let reason): "The image layout \(layout) cannot be used: \(reason)"
        case .store(let path, let reason): "The environment cannot be kept in \(path): \(reason)"
        case .setupFailed(let command, let result, let output):
            "The set-up failed at `\(command)`: \(result)" + (output.isEmpty ? "" : "\n\(output)")
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
