/// An environment that a service offers, by name.
public struct EnvironmentDefinition: Sendable, Equatable {
    /// Where its root file system comes from.
    public enum Source: Sendable, Equatable {
        /// The host's own system, read-only.
        case host
        /// A directory of the host with a complete system.
        case directory(String)
        /// A tar archive, plain or compressed with gzip, bzip2, xz or zstd.
        case archive(String)
        /// An OCI image layout on disk. `reference` is the name of one of its images; nil when it has only one.
        case image(layout: String, reference: String?)
    }

    public var name: String
    public var source: Source
    /// Images that a `devcontainer.json` may name and get this environment for.
    public var images: [String]
    /// Whether a repository may choose it.
    public var isOffered: Bool

    public init(name: String, source: Source, images: [String] = [], isOffered: Bool = true) {
        self.name = name
        self.source = source
        self.images = images
        self.isOffered = isOffered
    }

    /// The host's own system, as every service has it.
    public static let host = EnvironmentDefinition(name: "host", source: .host)
}
