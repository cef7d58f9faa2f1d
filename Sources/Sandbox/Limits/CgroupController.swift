/// A kind of limit that control groups enforce, by the name that both versions have for it.
public enum CgroupController: String, Sendable, CaseIterable {
    case memory
    case pids
    case cpu
    /// Version 1 only: stops all processes of a group so that they can be ended together. Version 2 has `cgroup.kill`.
    case freezer
}
