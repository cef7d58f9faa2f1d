#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What to say of the limits: which are held, by what, and how to get the others.
enum LimitGuards {
    static let memory = "memory limit"
    static let processes = "process limit"
    static let processors = "CPU limit"
    static let workspace = "workspace size"
    static let files = "file limits"

    /// - Parameter active: what control groups hold.
    static func report(active: Set<CgroupController>, placement: CgroupPlacement) -> [Guard] {
        [
            Guard(
                name: memory, active: active.contains(.memory),
                advice: active.contains(.memory)
                    ? "A control group counts the memory of all processes of a sandbox, its /tmp included. The largest ends "
                        + "when it runs out."
                    : "The supervisor looks at what commands take several times a second and ends the largest beyond it; what is "
                        + "taken between two looks is not held. \(remedy(placement))"),
            Guard(
                name: processes, active: active.contains(.pids) || countsForEachSandbox,
                advice: active.contains(.pids)
                    ? "A control group counts processes and threads."
                    : "By the kernel's limit per user (RLIMIT_NPROC), counted for "
                        + (countsForEachSandbox
                            ? "each sandbox. " : "all of the user's programs together before Linux 5.14. ")
                        + remedy(placement)),
            Guard(
                name: processors, active: active.contains(.cpu),
                advice: active.contains(.cpu)
                    ? "A control group shares the processors evenly between sandboxes and holds `cpus` of the service file."
                    : "Commands may use all processors. \(remedy(placement))"),
            Guard(
                name: workspace, active: true,
                advice: "The service counts what a session adds to the workspace every few seconds; beyond the limit "
                    + "commands end, beyond twice the limit the sandbox does."),
            Guard(
                name: files, active: true,
                advice: "Open files and the size of a file are limited for each process; no core files."),
        ]
    }

    /// Since Linux 5.14 processes are counted for the user namespace that they are in.
    private static var countsForEachSandbox: Bool {
        if SessionUser.availableRange() != nil { return true }
        var names = utsname()
        guard uname(&names) == 0 else { return false }
        let release = withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (5, 14)
    }

    private static func remedy(_ placement: CgroupPlacement) -> String {
        switch placement {
        case .automatic:
            "For a control group start the service as root, or let systemd delegate one: Delegate=yes in its unit, or "
                + "`systemd-run --user --scope -p Delegate=yes cofferdamd …`."
        case .beneath(let group):
            "For a control group give the service the group \(group) with the controllers memory, pids and cpu to write in, "
                + "or take `cgroup` out of the service file."
        case .none: "For a control group take `cgroup: none` out of the service file."
        }
    }
}
