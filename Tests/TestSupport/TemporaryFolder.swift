#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A fresh folder for one test; gone with the value.
public final class TemporaryFolder: Sendable {
    /// Absolute, without symbolic links.
    public let path: String

    public init() throws {
        var template = Array("/tmp/cofferdam-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard made else { throw HostFailure(errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Writes a file, with the folders above it.
    public func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(name, Array(text.utf8), mode: mode)
    }

    public func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        let file = "\(path)/\(name)"
        if let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) { try Self.makeFolders(String(file[..<slash])) }
        guard let stream = fopen(file, "w") else { throw HostFailure(errno) }
        let written = bytes.isEmpty ? 0 : fwrite(bytes, 1, bytes.count, stream)
        guard fclose(stream) == 0, written == bytes.count, chmod(file, mode) == 0 else { throw HostFailure(errno) }
    }

    public func makeFolder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        try Self.makeFolders(folder)
        return folder
    }

    /// Nil when there is no such file.
    public func read(_ name: String) -> [UInt8]? {
        guard let stream = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    public func readText(_ name: String) -> String? { read(name).map { String(decoding: $0, as: UTF8.self) } }

    private static func makeFolders(_ path: String) throws {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { throw HostFailure(errno) }
        try makeFolders(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 else { throw HostFailure(errno) }
    }

    private static func remove(_ path: String) {
        // The system's own tool copes with any depth and with folders that an overlay closed.
        _ = try? HostCommand.run(["/bin/sh", "-c", "chmod -R u+rwX \"$0\" 2>/dev/null; rm -rf \"$0\"", path])
    }
}

/// A system call of a test's own that failed.
public struct HostFailure: Error, CustomStringConvertible {
    public var number: Int32

    public init(_ number: Int32) { self.number = number }

    public var description: String { String(cString: strerror(number)) }
}
