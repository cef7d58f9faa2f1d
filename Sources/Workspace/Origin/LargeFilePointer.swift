import Crypto

/// Pointers of Git LFS: what a repository holds of a file with the attribute `filter=lfs`
/// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
public enum LargeFilePointer {
    /// Pointers are smaller.
    private static let maximumBytes = 1024
    private static let beginning = "version https://git-lfs.github.com/spec/v1\n"

    /// The pointer to a file with these contents: itself when it is one, and for an empty file, as `git lfs clean` does.
    public static func clean(_ contents: [UInt8]) -> [UInt8] {
        if contents.isEmpty || isPointer(contents) { return contents }
        let digest = SHA256.hash(data: contents)
        let digits = Array("0123456789abcdef".utf8)
        var name: [UInt8] = []
        for byte in digest { name += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        let text = "\(beginning)oid sha256:\(String(decoding: name, as: UTF8.self))\nsize \(contents.count)\n"
        return Array(text.utf8)
    }

    public static func isPointer(_ contents: [UInt8]) -> Bool {
        contents.count <= maximumBytes && contents.starts(with: beginning.utf8)
    }
}
