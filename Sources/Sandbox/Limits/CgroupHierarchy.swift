/// One tree of control groups as this process sees it: all of version 2, or one hierarchy of version 1.
struct CgroupHierarchy: Sendable, Equatable {
    enum Version: Sendable, Equatable {
        case one
        case two
    }

    var version: Version
    /// Where it is mounted.
    var mountPoint: String
    /// Which of its groups is seen at the mount point: `/`, or in a container the container's.
    var root: String
    /// The group of this process, by its path in the hierarchy.
    var own: String
    /// Version 1: what is bound to it. Version 2: empty, see `cgroup.controllers` of a group.
    var controllers: Set<CgroupController>
    var isReadOnly: Bool

    /// The directory of a group; nil when it lies outside of what the mount shows.
    func directory(of group: String) -> String? {
        let parts = group.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        // What is outside a control group namespace is told as `/../…`.
        guard group.hasPrefix("/"), !parts.contains("..") else { return nil }
        guard HostPaths.isBeneath(group, root) else { return nil }
        let rest = root == "/" ? group : String(group.dropFirst(root.count))
        return rest == "/" || rest.isEmpty ? mountPoint : mountPoint + rest
    }

    var ownDirectory: String? { directory(of: own) }

    /// All hierarchies of this process.
    static func all() -> [CgroupHierarchy] {
        let limit = 4 << 20
        guard let mounts = Descriptors.contents(ofFile: "/proc/self/mountinfo", limit: limit),
            let membership = Descriptors.contents(ofFile: "/proc/self/cgroup", limit: limit)
        else { return [] }
        return parse(
            mounts: String(decoding: mounts, as: UTF8.self), membership: String(decoding: membership, as: UTF8.self))
    }

    /// - Parameters:
    ///   - mounts: contents of `/proc/self/mountinfo` (proc(5)).
    ///   - membership: contents of `/proc/self/cgroup` (cgroups(7)).
    static func parse(mounts: String, membership: String) -> [CgroupHierarchy] {
        let groups = membership.split(separator: "\n").compactMap { line -> (names: [Substring], path: String)? in
            // ID:CONTROLLERS:PATH; the path may hold colons.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].hasPrefix("/") else { return nil }
            return (parts[1].split(separator: ","), String(parts[2]))
        }
        var found: [CgroupHierarchy] = []
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            // ID PARENT DEVICE ROOT MOUNT-POINT OPTIONS [TAG…] - TYPE SOURCE SUPER-OPTIONS
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else { continue }
            let type = fields[dash + 1]
            guard type == "cgroup" || type == "cgroup2" else { continue }
            let options = fields[dash + 3].split(separator: ",")
            let isReadOnly = fields[5].split(separator: ",").contains("ro") || options.contains("ro")
            let names = type == "cgroup2" ? [] : options.compactMap { CgroupController(rawValue: String($0)) }
            if type == "cgroup", names.isEmpty { continue }
            let own = groups.first { group in
                type == "cgroup2"
                    ? group.names.isEmpty : names.contains { group.names.contains(Substring($0.rawValue)) }
            }
            guard let own else { continue }
            let hierarchy = CgroupHierarchy(
                version: type == "cgroup2" ? .two : .one, mountPoint: unescaped(fields[4]), root: unescaped(fields[3]),
                own: own.path, controllers: Set(names), isReadOnly: isReadOnly)
            // A hierarchy can be mounted at several places: the first that shows our group and can be written.
            if let index = found.firstIndex(where: {
                $0.version == hierarchy.version && $0.controllers == hierarchy.controllers
            }) {
                if found[index].rank < hierarchy.rank { found[index] = hierarchy }
            } else {
                found.append(hierarchy)
            }
        }
        return found
    }

    private var rank: Int { (ownDirectory == nil ? 0 : 2) + (isReadOnly ? 0 : 1) }

    /// Space, tab, newline and backslash stand as three octal digits behind a backslash.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
