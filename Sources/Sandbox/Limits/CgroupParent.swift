/// A group beneath which the groups of sandboxes can be made, and what can be limited there.
struct CgroupParent: Sendable, Equatable {
    var version: CgroupHierarchy.Version
    /// The group's directory.
    var directory: String
    /// What groups beneath it can limit.
    var controllers: Set<CgroupController>
}
