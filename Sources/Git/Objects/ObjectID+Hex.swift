import Clibgit2

extension ObjectID {
    /// - Parameter hex: forty hexadecimal digits, as git prints them.
    /// - Returns: nil for anything else.
    public init?(hex: some StringProtocol) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20)
        var high: UInt8?
        for digit in hex.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                guard bytes.count < 20 else { return nil }
                high = value
            }
        }
        guard high == nil else { return nil }
        self.init(bytes: bytes)
    }

    var oid: git_oid {
        var oid = git_oid()
        withUnsafeMutableBytes(of: &oid.id) { $0.copyBytes(from: bytes) }
        return oid
    }
}

extension ObjectID {
    /// The name of the tree without entries.
    public static func emptyTree() throws(GitError) -> ObjectID { try GitObject(kind: .tree, bytes: []).id() }
}
