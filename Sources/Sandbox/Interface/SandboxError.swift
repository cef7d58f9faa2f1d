#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a sandbox could not be made or used. Descriptions say what to do about it.
public enum SandboxError: Error, Sendable, Equatable {
    case bubblewrapMissing
    case supervisorMissing(searched: [String])
    case invalidSpec(String)
    /// A guard is not active on this machine, and the service is configured to require it, or it is never left out.
    case guardMissing(name: String, advice: String)
    /// A step of the set-up failed.
    case setUpFailed(step: String, errno: Int32)
    /// The sandbox program ended before its supervisor answered; the text is what it printed.
    case bootFailed(String)
    /// No answer from the supervisor in time.
    case bootTimedOut
    /// The sandbox ended by itself.
    case lost(String)
    /// The sandbox was stopped by ``Sandbox/stop()``.
    case stopped
    /// The id is known for a different request.
    case execConflict(ExecID)
    /// No command of that id was ever accepted.
    case unknownCommand(ExecID)
    /// The command reads no input any more, or never did.
    case inputClosed(ExecID)
    /// The sandbox was left running; it is not ours any more.
    case detached
    case tooManyCommands
    case requestTooLarge(String)
    /// The request makes no sense; the text says why.
    case invalidRequest(String)
    /// The journal of the sandbox cannot be written; the disk may be full.
    case journalUnavailable
    /// A limit of the session is reached; the text says which and what to do.
    case limitReached(String)
    /// The path is not beneath the workspace.
    case outsideWorkspace(String)
    case notFound(String)
    case notARegularFile(String)
    case fileTooLarge(path: String, limit: Int)
    /// No snapshot could be taken or used, and why.
    case snapshotFailed(String)
    /// A file operation failed for another reason.
    case fileOperation(path: String, errno: Int32, message: String)
}

extension SandboxError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .bubblewrapMissing:
            "bubblewrap is not installed. Install the Debian package bubblewrap (apt-get install bubblewrap)."
        case .supervisorMissing(let searched):
            "The program cofferdam-supervisor was not found (looked in \(searched.joined(separator: ", "))). "
                + "Install it beside cofferdamd or name it in COFFERDAM_SUPERVISOR."
        case .invalidSpec(let reason):
            "This sandbox cannot be made: \(reason)"
        case .guardMissing(let name, let advice):
            "No sandbox is started without “\(name)”. \(advice)"
        case .setUpFailed(let step, let errno):
            "Setting up the sandbox failed at “\(step)”: \(errnoText(errno)).\(Self.advice(step: step, errno: errno))"
        case .bootFailed(let text):
            "The sandbox did not start: \(text)"
        case .bootTimedOut:
            "The sandbox did not answer in time. The machine may be overloaded; try again."
        case .lost(let reason):
            "The sandbox is lost: \(reason)"
        case .stopped:
            "The sandbox was stopped."
        case .limitReached(let reason):
            "Nothing was written: \(reason)"
        case .execConflict(let id):
            "A different command already ran under the id \(id)."
        case .unknownCommand(let id):
            "There is no command \(id) in this sandbox."
        case .inputClosed(let id):
            "The command \(id) reads no input any more."
        case .detached:
            "The sandbox was left running for another service."
        case .tooManyCommands:
            "Too many commands are running in this sandbox. Wait for one to end or cancel one."
        case .requestTooLarge(let what):
            "The request is too large: \(what)"
        case .invalidRequest(let reason):
            "The request is invalid: \(reason)"
        case .journalUnavailable:
            "The journal of the sandbox cannot be written. Check the free space where sessions are kept."
        case .outsideWorkspace(let path):
            "\(path) is outside the workspace."
        case .notFound(let path):
            "\(path) does not exist."
        case .notARegularFile(let path):
            "\(path) is not a regular file."
        case .fileTooLarge(let path, let limit):
            "\(path) is larger than \(limit) bytes."
        case .snapshotFailed(let reason):
            "The snapshot failed: \(reason)"
        case .fileOperation(let path, _, let message):
            "\(path): \(message)"
        }
    }

    private static func advice(step: String, errno: Int32) -> String {
        if step == LaunchPlan.ownerStep {
            return
                " The file system of the sessions must support id-mapped mounts (ext4, xfs, btrfs or tmpfs on Linux 5.19 "
                + "or later), or the snapshot must lie in the session's own directory."
        }
        guard errno == EPERM || errno == EACCES || errno == ENOSPC else { return "" }
        switch step {
        case "create user namespace":
            return " Unprivileged user namespaces seem to be switched off: see the sysctls "
                + "kernel.unprivileged_userns_clone, user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns."
        case "mount overlay":
            return " The kernel must allow overlay mounts in user namespaces (Linux 5.11 or later)."
        default:
            return ""
        }
    }
}
