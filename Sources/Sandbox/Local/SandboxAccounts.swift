/// The sandbox's own `/etc/passwd` and `/etc/group`: its user, and the names that the root file system gives to others.
struct SandboxAccounts {
    let passwd: String
    let group: String

    /// Bytes of a root file system's list that are read; real ones have two thousand.
    private static let maximumBytes = 64 << 10

    init(spec: SandboxSpec, user: UInt32, group number: UInt32) {
        let name = spec.userName
        var users = ["\(name):x:\(user):\(number):agent:\(SandboxLayout.home):/bin/sh"]
        var groups = ["\(name):x:\(number):"]
        let others: (users: [String], groups: [String])
        if case .directory(let root) = spec.root {
            others = (Self.lines("passwd", of: root, fields: 7), Self.lines("group", of: root, fields: 4))
        } else {
            others = (
                [
                    "root:x:0:0:root:/root:/usr/sbin/nologin",
                    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
                ], ["root:x:0:", "nogroup:x:65534:"]
            )
        }
        users += Self.without(name, user, others.users)
        groups += Self.without(name, number, others.groups)
        passwd = users.joined(separator: "\n") + "\n"
        group = groups.joined(separator: "\n") + "\n"
    }

    /// As useradd takes them.
    static func isName(_ name: String) -> Bool {
        guard (1...32).contains(name.utf8.count), let first = name.utf8.first else { return false }
        let isWord = { (byte: UInt8) in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == UInt8(ascii: "_")
        }
        return isWord(first)
            && name.utf8.allSatisfy { isWord($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E }
    }

    /// Lines with so many fields; none where the file is a link or no file at all.
    private static func lines(_ file: String, of root: String, fields: Int) -> [String] {
        let bytes = Descriptors.contents(ofFile: "etc/\(file)", beneath: root, limit: maximumBytes) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init).filter { line in
            line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
                && line.split(separator: ":", omittingEmptySubsequences: false).count == fields
        }
    }

    private static func without(_ name: String, _ number: UInt32, _ lines: [String]) -> [String] {
        lines.filter { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            return fields[0] != name && fields[2] != "\(number)"
        }
    }
}
