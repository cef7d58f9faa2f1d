import Clibgit2

/// The name of a git object: SHA-1 over its type, size and bytes.
public struct ObjectID: Sendable, Hashable, CustomStringConvertible {
    /// Twenty bytes.
    public let bytes: [UInt8]

    /// - Returns: nil unless there are twenty bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 20 else { return nil }
        self.bytes = bytes
    }

    init(_ oid: git_oid) {
        bytes = withUnsafeBytes(of: oid.id) { Array($0) }
    }

    /// Forty hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(40)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The name that git gives to these bytes as a file's contents.
    public static func blob(_ contents: [UInt8]) throws(GitError) -> ObjectID {
        try hash(contents, GIT_OBJECT_BLOB)
    }

    /// The name that git gives to the contents of the file at `path`, without filters.
    public static func blob(file path: String) throws(GitError) -> ObjectID {
        try GitLibrary.require()
        var oid = git_oid()
        try check("hash \(path)", git_odb_hashfile(&oid, path, GIT_OBJECT_BLOB))
        return ObjectID(oid)
    }

    static func hash(_ contents: [UInt8], _ type: git_object_t) throws(GitError) -> ObjectID {
        try GitLibrary.require()
        var oid = git_oid()
        let code = contents.withUnsafeBytes {
            git_odb_hash(&oid, $0.baseAddress ?? UnsafeRawPointer(bitPattern: 1), $0.count, type)
        }
        try check("hash", code)
        return ObjectID(oid)
    }
}
