import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds, and where needed makes, the groups beneath which sandboxes get theirs: for each controller by itself, as a
/// machine can have some in version 1 and some in version 2.
///
/// **Version 2.** A group can have processes or groups with controllers beneath it, not both (but for the machine's own
/// root). So the service's own group is used only when it was delegated to it (systemd says so in the attribute
/// `user.delegate` or `trusted.delegate` of the directory): the service's processes then move into the group
/// `cofferdam-service` beneath it. Without that, an ordinary user's groups are made beneath the nearest group above the
/// service's that belongs to the user and has the controllers enabled; root's in `/cofferdam`. A group that systemd keeps for
/// itself is never touched.
///
/// **Version 1.** As root, and where root has made and given away such a group, in `/cofferdam` of each hierarchy; else
/// beneath the service's own group if it can be written.
struct CgroupLocator {
    static let groupName = "cofferdam"
    static let serviceName = "cofferdam-service"
    /// What limits need; `freezer` is no limit, and version 2 has none.
    private static let wanted: [CgroupController] = [.memory, .pids, .cpu]
    /// systemd: the group beneath was given away.
    private static let delegationAttributes = ["trusted.delegate", "user.delegate"]

    var hierarchies: [CgroupHierarchy]
    var placement: CgroupPlacement
    var user = geteuid()

    init(placement: CgroupPlacement, hierarchies: [CgroupHierarchy] = CgroupHierarchy.all()) {
        self.placement = placement
        self.hierarchies = hierarchies
    }

    /// The parents; a controller is in at most one of them.
    func parents() -> [CgroupParent] {
        guard placement != .none else { return [] }
        var taken: Set<CgroupController> = []
        var found: [CgroupParent] = []
        for hierarchy in hierarchies where !hierarchy.isReadOnly {
            guard var parent = hierarchy.version == .one ? first(hierarchy) : second(hierarchy) else { continue }
            parent.controllers.subtract(taken)
            guard !parent.controllers.isEmpty else { continue }
            taken.formUnion(parent.controllers)
            found.append(parent)
        }
        return found
    }

    // MARK: Version 1

    private func first(_ hierarchy: CgroupHierarchy) -> CgroupParent? {
        guard let directory = firstDirectory(hierarchy) else { return nil }
        // Before Linux 5.11 a limit of memory holds what is beneath a group only where that is asked for.
        if hierarchy.controllers.contains(.memory), CgroupFile.number(directory + "/memory.use_hierarchy") == 0 {
            CgroupFile.write("1", to: directory + "/memory.use_hierarchy")
        }
        return CgroupParent(version: .one, directory: directory, controllers: hierarchy.controllers)
    }

    private func firstDirectory(_ hierarchy: CgroupHierarchy) -> String? {
        if case .beneath(let group) = placement { return made(group, in: hierarchy) }
        let top = hierarchy.mountPoint + "/" + Self.groupName
        if user == 0 ? makeDirectory(top) : CgroupFile.isWritable(top) { return top }
        guard user != 0, hierarchy.own != "/", let own = hierarchy.ownDirectory, CgroupFile.isWritable(own) else {
            return nil
        }
        return own
    }

    // MARK: Version 2

    private func second(_ hierarchy: CgroupHierarchy) -> CgroupParent? {
        guard let directory = secondDirectory(hierarchy) else { return nil }
        let controllers = Set(Self.wanted).intersection(Self.enabled(directory))
        guard !controllers.isEmpty else { return nil }
        return CgroupParent(version: .two, directory: directory, controllers: controllers)
    }

    private func secondDirectory(_ hierarchy: CgroupHierarchy) -> String? {
        if case .beneath(let group) = placement {
            guard let directory = made(group, in: hierarchy) else { return nil }
            if directory == hierarchy.ownDirectory { return emptied(directory) }
            enable(from: hierarchy.mountPoint, to: directory)
            return directory
        }
        guard let own = hierarchy.ownDirectory else { return nil }
        if own != hierarchy.mountPoint {
            if isDelegated(own) { return emptied(own) }
            // With systemd's DelegateSubgroup=, or after a service before this one has moved here.
            let outer = HostPaths.parent(own)
            if outer != hierarchy.mountPoint, isDelegated(outer) {
                enable(from: outer, to: outer)
                return outer
            }
        }
        if user != 0 { return usersGroup(above: own, in: hierarchy) }
        let top = hierarchy.mountPoint + "/" + Self.groupName
        guard makeDirectory(top) else { return nil }
        enable(from: hierarchy.mountPoint, to: top)
        return top
    }

    private func isDelegated(_ directory: String) -> Bool {
        guard CgroupFile.isWritable(directory + "/cgroup.procs"),
            CgroupFile.isWritable(directory + "/cgroup.subtree_control")
        else { return false }
        return Self.delegationAttributes.contains { Self.attribute($0, of: directory) == "1" }
    }

    private static func attribute(_ name: String, of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Descriptors.close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = cspawn_attribute(descriptor, nil, name, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Moves all processes of a group that is ours into one beneath it, and enables the controllers.
    private func emptied(_ directory: String) -> String? {
        let leaf = directory + "/" + Self.serviceName
        guard makeDirectory(leaf) else { return nil }
        // Processes may start others meanwhile.
        for _ in 0..<8 {
            let processes = CgroupFile.words(directory + "/cgroup.procs")
            for process in processes { CgroupFile.write(process, to: leaf + "/cgroup.procs") }
            enable(from: directory, to: directory)
            if processes.isEmpty || !Self.enabled(directory).isDisjoint(with: Set(Self.wanted)) { break }
        }
        return directory
    }

    /// A group above the service's that belongs to the user, has no processes of its own and controllers beneath it:
    /// `app.slice` of systemd's user manager. The service's processes stay where they are.
    private func usersGroup(above own: String, in hierarchy: CgroupHierarchy) -> String? {
        var candidate = own
        while candidate != hierarchy.mountPoint, HostPaths.isBeneath(candidate, hierarchy.mountPoint) {
            candidate = HostPaths.parent(candidate)
            guard HostPaths.status(candidate)?.st_uid == user, CgroupFile.isWritable(candidate + "/cgroup.procs") else {
                return nil
            }
            guard !Self.enabled(candidate).isDisjoint(with: Set(Self.wanted)) else { continue }
            let group = candidate + "/" + Self.groupName
            guard makeDirectory(group) else { return nil }
            enable(from: group, to: group)
            return group
        }
        return nil
    }

    /// Enables the controllers for what is beneath each group on the way. What a group does not have, or where it has
    /// processes of its own, it refuses; what then is missing shows at the end.
    private func enable(from top: String, to bottom: String) {
        var ways: [String] = [bottom]
        while let last = ways.last, last != top, HostPaths.isBeneath(last, top) { ways.append(HostPaths.parent(last)) }
        for directory in ways.reversed() {
            let have = Self.enabled(directory)
            for controller in Self.wanted where !have.contains(controller) {
                CgroupFile.write("+\(controller.rawValue)", to: directory + "/cgroup.subtree_control")
            }
        }
    }

    private static func enabled(_ directory: String) -> Set<CgroupController> {
        Set(CgroupFile.words(directory + "/cgroup.subtree_control").compactMap { CgroupController(rawValue: $0) })
    }

    // MARK: Directories

    /// The group's directory, made where it is missing.
    private func made(_ group: String, in hierarchy: CgroupHierarchy) -> String? {
        guard let directory = hierarchy.directory(of: group) ?? hierarchy.directory(of: hierarchy.root + group),
            HostPaths.isNormalized(directory)
        else { return nil }
        var built = hierarchy.mountPoint
        for part in directory.dropFirst(hierarchy.mountPoint.count).split(separator: "/") {
            built += "/\(part)"
            guard makeDirectory(built) else { return nil }
        }
        return CgroupFile.isWritable(directory) ? directory : nil
    }

    private func makeDirectory(_ path: String) -> Bool {
        if mkdir(path, 0o755) == 0 { return true }
        return errno == EEXIST && HostPaths.isDirectory(path)
    }
}
