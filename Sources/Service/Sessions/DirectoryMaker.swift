#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes folders that only the service's user can enter.
public enum DirectoryMaker {
    /// Makes the folder and those above it where they are missing.
    public static func make(_ path: String) -> Bool {
        var built = ""
        for part in path.split(separator: "/") {
            built += "/\(part)"
            if mkdir(built, 0o700) != 0 && errno != EEXIST { return false }
        }
        return true
    }
}
