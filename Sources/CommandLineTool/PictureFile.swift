import AgentProtocol
import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Pictures that the user names on the command line.
enum PictureFile {
    /// - Returns: nil when none is named.
    /// - Throws: `ValidationError`, which names the file.
    static func read(_ paths: [String]) throws -> [PromptImage]? {
        guard !paths.isEmpty else { return nil }
        return try paths.map { path in
            let bytes = try bytes(path)
            guard PictureHeader(bytes) != nil else {
                throw ValidationError("\(path) is no PNG, JPEG, GIF or WebP")
            }
            return PromptImage(
                data: Base64.encode(bytes), name: path.split(separator: "/").last.map(String.init) ?? path)
        }
    }

    /// One more than may be is enough to know.
    private static func bytes(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw failure(path) }
        defer { fclose(file) }
        let limit = PictureLimits.bytes + 1
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = fread(buffer.baseAddress, 1, limit, file)
        }
        guard ferror(file) == 0 else { throw failure(path) }
        guard bytes.count < limit else {
            throw ValidationError("\(path) has more than \(PictureLimits.bytes) bytes; name a smaller copy")
        }
        return bytes
    }

    private static func failure(_ path: String) -> ValidationError {
        ValidationError("\(path): \(String(cString: strerror(errno)))")
    }
}
