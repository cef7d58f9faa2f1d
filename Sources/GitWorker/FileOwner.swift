#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum FileOwner {
    static func of(_ path: String) -> uid_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_uid : nil
    }
}
