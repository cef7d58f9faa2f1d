/// Why a command of the system's git gave no result.
public enum SealedGitError: Error, Sendable, Equatable, CustomStringConvertible {
    case couldNotStart(String)
    /// - Parameter text: the end of what it said, without control characters and secrets.
    case failed(exitCode: Int32, text: String)
    case killed(signal: Int32)
    case timedOut(Duration)
    case tooMuchOutput(limit: Int)

    public var description: String {
        switch self {
        case .couldNotStart(let reason): "git could not be started: \(reason)"
        case .failed(let code, ""): "git failed with exit code \(code)"
        case .failed(_, let text): "git: \(text)"
        case .killed(let signal): "git was killed by signal \(signal)"
        case .timedOut(let time): "git took longer than \(time.components.seconds) s"
        case .tooMuchOutput(let limit): "git said more than \(limit) bytes"
        }
    }
}
