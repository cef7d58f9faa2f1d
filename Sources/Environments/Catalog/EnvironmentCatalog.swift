/// The environments of a service. A repository chooses among those that are offered; it can never name a path or bring
/// an image of its own.
public struct EnvironmentCatalog: Sendable, Equatable {
    public private(set) var definitions: [EnvironmentDefinition]
    public private(set) var standard: EnvironmentDefinition

    /// Only the host's own system.
    public init() {
        definitions = [.host]
        standard = .host
    }

    /// - Parameter standard: the name of the one that is used where a repository chooses none.
    /// - Throws: ``EnvironmentError/unknown(name:offered:)`` when there is none of that name.
    public init(_ definitions: [EnvironmentDefinition], standard: String) throws(EnvironmentError) {
        guard let chosen = definitions.first(where: { $0.name == standard }) else {
            throw .unknown(name: standard, offered: definitions.map(\.name))
        }
        self.definitions = definitions
        self.standard = chosen
    }

    /// Those that a repository may choose.
    public var offered: [EnvironmentDefinition] { definitions.filter { $0.isOffered || $0.name == standard.name } }

    public func environment(named name: String) throws(EnvironmentError) -> EnvironmentDefinition {
        guard let found = offered.first(where: { $0.name == name }) else {
            throw .unknown(name: name, offered: offered.map(\.name))
        }
        return found
    }

    /// The environment that stands for an image; nil when there is none.
    public func environment(forImage image: String) -> EnvironmentDefinition? {
        offered.first { $0.images.contains(image) }
    }
}
