/// Bounds on what an archive may become on disk.
public struct ExtractionLimits: Sendable, Equatable {
    /// The largest images in use, with several toolchains, have some 30 GiB.
    public var bytes: Int
    /// A complete desktop system has some 400,000.
    public var entries: Int

    public init(bytes: Int = 64 << 30, entries: Int = 2_000_000) {
        self.bytes = bytes
        self.entries = entries
    }

    /// As the kernel has them.
    static let pathBytes = 4095
    static let nameBytes = 255
    /// Deeper than any tool makes, shallower than what walking over it would need many descriptors for.
    static let depth = 128
}
