#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension SecretFiles {
    /// Why an open file of the user's looks like a secret by its contents.
    static func reason(_ item: FolderSurvey.Item, _ descriptor: Int32, _ rules: WorkspaceRules) -> String? {
        guard item.kind == .file, item.stamp.size > 0, item.stamp.size <= maximumBytes else { return nil }
        var bytes = [UInt8](repeating: 0, count: headBytes)
        guard read(descriptor, &bytes, at: 0), mayBeSecret(head: bytes, path: item.path) else { return nil }
        bytes = [UInt8](repeating: 0, count: maximumBytes)
        guard read(descriptor, &bytes, at: 0), let reason = reason(contents: bytes, path: item.path),
            !rules.allowsSecret(item.path)
        else { return nil }
        return reason
    }

    /// - Parameter bytes: as many as are wanted; fewer when the file ends before.
    private static func read(_ descriptor: Int32, _ bytes: inout [UInt8], at start: off_t) -> Bool {
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, start + off_t(filled))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return false }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        return true
    }
}
