/// Bounds on a configuration file, which whoever wrote the repository chose.
public enum ConfigurationLimits {
    /// Bytes of a file. Hand-written ones have a few hundred.
    public static let fileBytes = 1024 * 1024
    /// Mappings and sequences within one another.
    public static let depth = 32
    /// Values after all aliases are followed; what keeps "a billion laughs" from being told.
    public static let values = 20_000
    public static let checks = 64
    /// Patterns of a check's `paths` and `reports`, each.
    public static let globs = 256
    /// Bytes of one pattern of a parser that the configuration describes.
    public static let parserBytes = 4096
    /// Groups of such a pattern.
    public static let groups = 99
    public static let environmentVariables = 256
    public static let setupCommands = 64
    public static let setupInputs = 256
    public static let pathBytes = 4096
    public static let commandWords = 256
    public static let wordBytes = 64 * 1024
    public static let nameBytes = 64
    public static let instructionBytes = 64 * 1024
    /// A day.
    public static let timeoutSeconds = 86_400
}
