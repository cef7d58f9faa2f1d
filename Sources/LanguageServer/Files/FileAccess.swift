/// The files that the language server reads and writes: those of the workspace, and transcripts.
///
/// Nothing here follows a symbolic link beneath a workspace folder.
public protocol FileAccess: Sendable {
    /// A regular file beneath `folder`; nil when there is none.
    /// - Parameter limit: bytes; a longer file is `FileAccessError.tooLarge`.
    func read(_ path: WorkspacePath, beneath folder: String, limit: Int) throws(FileAccessError) -> FileContents?

    /// What is at a path: a file with its contents, a symbolic link with what it names, a folder, or nothing.
    /// - Parameter limit: bytes; a longer file is `FileAccessError.tooLarge`.
    func look(_ path: WorkspacePath, beneath folder: String, limit: Int) throws(FileAccessError) -> FileImage

    /// Puts a file in place as a whole or not at all; missing folders are made. An existing file keeps its mode.
    /// - Parameters:
    ///   - executable: sets or clears the executable bits; nil leaves them.
    ///   - replacesLink: whether a symbolic link in its place goes; otherwise one is an error.
    func write(
        _ bytes: [UInt8], to path: WorkspacePath, beneath folder: String, executable: Bool?, replacesLink: Bool
    ) throws(FileAccessError)

    /// Puts a symbolic link in the place of a file, of a link or of nothing; missing folders are made.
    func writeLink(_ target: String, to path: WorkspacePath, beneath folder: String) throws(FileAccessError)

    /// Sets or clears the executable bits of a regular file.
    func setExecutable(_ executable: Bool, _ path: WorkspacePath, beneath folder: String) throws(FileAccessError)

    /// Removes a regular file, and the folders that are empty then; one that is not there is no error.
    /// - Parameter removesLink: whether it may be a symbolic link; otherwise one is an error.
    func remove(_ path: WorkspacePath, beneath folder: String, removesLink: Bool) throws(FileAccessError)

    /// Whether the folder that `path` is in exists.
    func parentExists(_ path: WorkspacePath, beneath folder: String) -> Bool

    /// Opens an empty transcript that only its owner can read, in a folder that is made when missing. Another process's
    /// open transcript of the same name is left alone: the new one gets a name beside it.
    func openTranscript(named name: String, in directory: String) throws(FileAccessError) -> any TranscriptFile
}

extension FileAccess {
    func write(
        _ bytes: [UInt8], to path: WorkspacePath, beneath folder: String, executable: Bool?
    ) throws(FileAccessError) {
        try write(bytes, to: path, beneath: folder, executable: executable, replacesLink: false)
    }

    func remove(_ path: WorkspacePath, beneath folder: String) throws(FileAccessError) {
        try remove(path, beneath: folder, removesLink: false)
    }
}

/// What a file holds.
public struct FileContents: Sendable, Equatable {
    public var bytes: [UInt8]
    /// Permission bits.
    public var mode: UInt32

    public init(bytes: [UInt8], mode: UInt32) {
        self.bytes = bytes
        self.mode = mode
    }
}

/// A file that only grows.
public protocol TranscriptFile: Sendable {
    /// Absolute.
    var path: String { get }
    /// Hands the bytes to the system before it returns.
    func append(_ bytes: [UInt8]) throws(FileAccessError)
}

/// Why a file could not be had.
public enum FileAccessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A path that must not be touched.
    case refused(path: String, reason: String)
    /// A component is a symbolic link; what it names may be anywhere.
    case symbolicLink(path: String)
    /// A folder, device, socket or pipe.
    case notAFile(path: String)
    case tooLarge(path: String, limit: Int)
    /// It is no longer what it was looked at as.
    case changed(path: String)
    /// The system said no.
    case system(operation: String, path: String, code: Int32)

    public var description: String {
        switch self {
        case .refused(let path, let reason): "\(DisplayText.exact(path, limit: 200)): refused: \(reason)"
        case .symbolicLink(let path): "\(path): refused: a symbolic link is not followed"
        case .notAFile(let path): "\(path): not a regular file"
        case .tooLarge(let path, let limit): "\(path): larger than \(limit) bytes"
        case .changed: "the file changed meanwhile; apply again"
        case .system(let operation, let path, let code): "\(path): cannot \(operation): \(systemMessage(code))"
        }
    }
}
