/// A tree as git keeps it: one folder's names, each with its mode and object.
public struct TreeObject: Sendable, Equatable {
    /// What a name in a folder stands for (gitformat-tree; `git mktree`).
    public enum Mode: Sendable, Hashable {
        case regular
        case executable
        case symbolicLink
        case folder
        /// A submodule: its object is a commit of another repository.
        case submodule

        /// Octal, without leading zeros.
        public var octal: String {
            switch self {
            case .regular: "100644"
            case .executable: "100755"
            case .symbolicLink: "120000"
            case .folder: "40000"
            case .submodule: "160000"
            }
        }

        /// Also modes that old versions of git wrote, as what they mean today.
        public init?(octal: some Sequence<UInt8>) {
            var value = 0
            var count = 0
            for digit in octal {
                guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), count < 7 else { return nil }
                value = value << 3 | Int(digit - UInt8(ascii: "0"))
                count += 1
            }
            switch value {
            case 0o40000: self = .folder
            case 0o120000: self = .symbolicLink
            case 0o160000: self = .submodule
            case 0o100000...0o100777: self = value & 0o100 != 0 ? .executable : .regular
            default: return nil
            }
        }

        public init(_ mode: FileMode) {
            switch mode {
            case .regular: self = .regular
            case .executable: self = .executable
            case .symbolicLink: self = .symbolicLink
            }
        }

        /// Nil for a folder and a submodule.
        public var file: FileMode? {
            switch self {
            case .regular: .regular
            case .executable: .executable
            case .symbolicLink: .symbolicLink
            case .folder, .submodule: nil
            }
        }
    }

    public struct Entry: Sendable, Hashable {
        public var mode: Mode
        /// Any bytes but `/` and zero; not always UTF-8.
        public var name: [UInt8]
        public var id: ObjectID

        public init(mode: Mode, name: [UInt8], id: ObjectID) {
            self.mode = mode
            self.name = name
            self.id = id
        }
    }

    public var entries: [Entry]

    /// - Parameter entries: in any order, no two of one name.
    public init(entries: [Entry]) { self.entries = entries }

    /// - Returns: nil when the bytes are no tree, or one with a name that no file system should be asked to make
    ///   (empty, `.`, `..`, `.git` in any case, with a slash), or with the same name twice.
    public init?(parsing bytes: [UInt8]) {
        entries = []
        var rest = bytes[...]
        var names: Set<[UInt8]> = []
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")), let mode = Mode(octal: rest[..<space]) else {
                return nil
            }
            rest = rest[(space + 1)...]
            guard let end = rest.firstIndex(of: 0), rest.endIndex - end > 20 else { return nil }
            let name = Array(rest[..<end])
            guard Self.isSafe(name), names.insert(name).inserted,
                let id = ObjectID(bytes: Array(rest[(end + 1)...(end + 20)]))
            else { return nil }
            entries.append(Entry(mode: mode, name: name, id: id))
            rest = rest[(end + 21)...]
        }
    }

    /// As git writes it: sorted as if a folder's name ended with a slash.
    public var serialized: [UInt8] {
        let slash = UInt8(ascii: "/")
        let sorted = entries.map { ($0.mode == .folder ? $0.name + [slash] : $0.name, $0) }
            .sorted { $0.0.lexicographicallyPrecedes($1.0) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 48)
        for (_, entry) in sorted {
            bytes += entry.mode.octal.utf8
            bytes.append(UInt8(ascii: " "))
            bytes += entry.name
            bytes.append(0)
            bytes += entry.id.bytes
        }
        return bytes
    }

    /// Whether a name may stand in a tree that becomes files.
    public static func isSafe(_ name: [UInt8]) -> Bool {
        guard !name.isEmpty, name.count <= 255, !name.contains(UInt8(ascii: "/")), !name.contains(0) else {
            return false
        }
        if name == [UInt8(ascii: ".")] || name == Array("..".utf8) { return false }
        // File systems that do not tell cases apart make these one folder.
        return name.count != 4 || name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } != Array(".git".utf8)
    }
}
