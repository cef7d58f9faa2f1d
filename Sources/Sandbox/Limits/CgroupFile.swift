#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The small files of a control group.
enum CgroupFile {
    /// More than any of them has, a list of processes apart.
    private static let maximumBytes = 4 << 20

    static func read(_ path: String) -> String? {
        Descriptors.contents(ofFile: path, limit: maximumBytes).map { String(decoding: $0, as: UTF8.self) }
    }

    static func number(_ path: String) -> Int? {
        guard let text = read(path)?.split(whereSeparator: \.isWhitespace).first else { return nil }
        return Int(text)
    }

    /// The value of a line `KEY VALUE`.
    static func number(_ key: String, in path: String) -> Int? {
        read(path).flatMap { number(key, inText: $0) }
    }

    static func number(_ key: String, inText text: String) -> Int? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key { return Int(words[1]) }
        }
        return nil
    }

    static func words(_ path: String) -> [String] {
        read(path)?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    }

    /// Writes in one call, as these files want it. Zero, or an errno.
    @discardableResult
    static func write(_ text: String, to path: String) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return errno }
        defer { Descriptors.close(descriptor) }
        return write(text, to: descriptor)
    }

    static func write(_ text: String, to descriptor: Int32) -> Int32 {
        let bytes = Array(text.utf8)
        while true {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
            if count >= 0 { return 0 }
            if errno != EINTR { return errno }
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
    static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

    /// The processes of a group, those of the groups beneath it not among them.
    static func processes(in directory: String) -> [pid_t] {
        words(directory + "/cgroup.procs").compactMap { pid_t($0) }.filter { $0 > 1 }
    }
}
