/// Bytes of an output stream that a command wrote and nobody kept.
public struct OutputTruncation: Codable, Sendable, Equatable {
    /// Offset of the first byte that is missing.
    public var from: Int
    /// Offset behind the last one.
    public var to: Int
    public var reason: Reason
    /// With `journal`: what stood in the way.
    public var message: String?

    public enum Reason: String, Codable, Sendable, CaseIterable {
        case outputLimit, journal
    }

    public init(from: Int, to: Int, reason: Reason, message: String? = nil) {
        self.from = from
        self.to = to
        self.reason = reason
        self.message = message
    }
}

extension CommandResult {
    /// What was not kept of either stream, each in a few words; empty when all was.
    public var losses: [String] {
        [("stdout", stdoutTruncated), ("stderr", stderrTruncated)].compactMap { name, truncation in
            truncation.map { "bytes \($0.from) to \($0.to) of \(name) were not kept (\($0.cause))" }
        }
    }
}

extension OutputTruncation {
    fileprivate var cause: String {
        switch reason {
        case .outputLimit: "limit of output"
        case .journal: message ?? "the sandbox's journal could not be written"
        }
    }
}
