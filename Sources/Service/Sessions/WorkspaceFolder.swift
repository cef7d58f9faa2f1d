import JSONRPC

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folder that a client names.
enum WorkspaceFolder {
    /// - Parameter text: an absolute path or a `file:` URI.
    /// - Returns: the path with symbolic links resolved, without a trailing slash.
    /// - Throws: `ResponseError` (invalid params) when it is no folder that can be read here, or `/`.
    static func path(_ text: String) throws -> String {
        let path = try absolute(text)
        guard let resolved = realpath(path, nil) else {
            throw failure("the workspace folder \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        var status = stat()
        guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw failure("the workspace folder \(path) is not a folder")
        }
        guard let real = String(validatingCString: resolved), real != "/" else {
            throw failure("the workspace folder \(path) cannot be used as a workspace")
        }
        return real
    }

    /// A folder of the client's machine, which this one need not have: sandboxes show the files there.
    /// - Throws: `ResponseError` (invalid params) for a place that a sandbox needs for itself.
    static func elsewhere(_ text: String) throws -> String {
        let path = try absolute(text)
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        let isSystem = parts.first.map(reserved.contains) == true
        guard !parts.isEmpty, !isSystem || (parts.count > 1 && !closed.contains(parts[0])),
            !parts.contains(where: { $0 == "." || $0 == ".." }), path.utf8.count < Int(PATH_MAX),
            !path.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw failure("the workspace folder \(path) cannot be used as a workspace") }
        return "/" + parts.joined(separator: "/")
    }

    /// Folders of the system's own.
    private static let reserved: Set<String> = [
        "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "tmp", "usr",
    ]
    /// Nothing beneath these is a workspace either.
    private static let closed: Set<String> = [
        "bin", "boot", "dev", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys",
    ]

    /// The folder as sessions on it are listed: as here, or as on the client's machine.
    static func anyPath(_ text: String) throws -> String {
        do { return try path(text) } catch { return try elsewhere(text) }
    }

    private static func absolute(_ text: String) throws -> String {
        var path = text
        if text.hasPrefix("file://") {
            let rest = text.dropFirst("file://".count)
            guard let slash = rest.firstIndex(of: "/"), let decoded = percentDecoded(rest[slash...]) else {
                throw failure("`\(text)` is not a file URI of a folder")
            }
            path = decoded
        }
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw failure("the workspace folder `\(text)` is not an absolute path or file URI")
        }
        return path
    }

    private static func failure(_ text: String) -> ResponseError {
        ResponseError(code: .invalidParams, message: text)
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
