/// Where the control groups of sandboxes are made.
public enum CgroupPlacement: Sendable, Equatable {
    /// Beneath the service's own group where that was delegated to it; as root otherwise in the group `cofferdam` at the
    /// top; else nowhere.
    case automatic
    /// Beneath this group, named by its absolute path in the hierarchy (`/cofferdam`). It is made where it is missing and
    /// that is allowed.
    case beneath(String)
    /// No control groups: limits are held by the kernel's per-process limits and the service's watch.
    case none
}
