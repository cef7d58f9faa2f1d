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
                    : "The service looks at what the processes take several times a second and ends commands beyond it; what "
                        + "is taken between two looks is not held. \(remedy(placement))"),
            Guard(
                name: processes, active: true,
                advice: active.contains(.pids)
                    ? "A control group counts processes and threads."
                    : "By the kernel's limit per user (RLIMIT_NPROC), counted for each sandbox. \(remedy(placement))"),
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
