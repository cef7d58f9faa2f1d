import CSpawn

/// Keeps what a process has in its memory and its environment in that process.
public enum ProcessSecrecy {
    /// For programs that hold keys: no core file of them or of what they start is written or handed to a program, and other
    /// processes of the same user cannot read their memory, environment and descriptors.
    ///
    /// - Returns: whether the kernel does so.
    @discardableResult
    public static func apply() -> Bool {
        // Programs that are started can be read again; the limit is what they inherit.
        var limits = cspawn_limits()
        return cspawn_set_limits(&limits) == 0 && cspawn_set_undumpable() == 0
    }
}
