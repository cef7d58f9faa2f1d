import JSON
import Secrets

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The service's own log: one JSON object a line, with a constant message and what varies in fields of its own.
///
/// Tokens, prompts and file contents never go in.
public struct Log: Sendable {
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }

        public static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }
    }

    /// Less than this is not written.
    public var level: Level
    private let sink: LogSink
    /// What no line may hold.
    private let secrets: KnownSecrets?

    /// Longest value of a field: what comes from a peer must not fill the disk.
    private static let maxValueBytes = 2048

    /// - Parameter secrets: what is removed from every line; nil: nothing.
    public init(level: Level, sink: LogSink, secrets: KnownSecrets? = nil) {
        self.secrets = secrets
        self.level = level
        self.sink = sink
    }

    /// Writes nothing.
    public static let none = Log(level: .error, sink: .discard)

    public func debug(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.debug, message, fields)
    }
    public func info(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) { write(.info, message, fields) }
    public func warning(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.warning, message, fields)
    }
    public func error(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.error, message, fields)
    }

    private func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String>) {
        guard level >= self.level else { return }
        var line: JSON = [
            "time": .string(Self.timestamp()), "level": .string(level.rawValue), "message": .string(message),
        ]
        for (key, value) in fields {
            // Before it is cut, which would leave a part of a secret.
            let value = secrets?.redact(value) ?? value
            let isLong = value.utf8.count > Self.maxValueBytes
            line[key] = .string(
                isLong ? String(decoding: value.utf8.prefix(Self.maxValueBytes), as: UTF8.self) + "…" : value)
        }
        let bytes = line.serialized()
        sink.write((secrets?.redact(bytes) ?? bytes) + [UInt8(ascii: "\n")])
    }

    /// RFC 3339 in UTC with milliseconds.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        var seconds = now.tv_sec
        gmtime_r(&seconds, &parts)
        func pad(_ value: Int32, _ width: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(parts.tm_year + 1900)-\(pad(parts.tm_mon + 1))-\(pad(parts.tm_mday))"
        let milliseconds = pad(Int32(now.tv_nsec / 1_000_000), 3)
        return "\(date)T\(pad(parts.tm_hour)):\(pad(parts.tm_min)):\(pad(parts.tm_sec)).\(milliseconds)Z"
    }
}
