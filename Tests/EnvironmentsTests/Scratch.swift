import Glibc
import Synchronization
import Testing

/// A directory of a test, removed at the end.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/cofferdam-environments-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        try #require(made)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        system("chmod -R u+rwX '\(path)'; rm -rf '\(path)'")
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let target = "\(path)/\(name)"
        let stream = try #require(fopen(target, "w"))
        defer { fclose(stream) }
        try #require(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
        return target
    }

    func directory(_ name: String) throws -> String {
        let target = "\(path)/\(name)"
        try #require(mkdir(target, 0o755) == 0)
        return target
    }

    func text(_ name: String) -> String? {
        guard let stream = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, stream)], as: UTF8.self)
    }

    func status(_ name: String) -> stat? {
        var information = stat()
        return lstat("\(path)/\(name)", &information) == 0 ? information : nil
    }

    /// Every path beneath a folder, sorted.
    func tree(_ name: String) -> [String] {
        guard let stream = popen("cd '\(path)/\(name)' && find . -mindepth 1 | sort", "r") else { return [] }
        defer { pclose(stream) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map { String($0.dropFirst(2)) }
    }
}

/// A number that tasks share.
final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .sequentiallyConsistent) }

    func add() { value.add(1, ordering: .sequentiallyConsistent) }
}
