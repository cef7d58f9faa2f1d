/// Directories of the host with compilers and interpreters, to be mounted read-only.
struct Toolchains: Equatable {
    /// Directories to mount, none beneath another.
    var mounts: [String] = []
    /// What comes first in `PATH`.
    var path: [String] = []
    /// Variables that the tools need.
    var environment: [String: String] = [:]
    /// Directories that are closed to the sandbox's user and therefore missing.
    private(set) var unreadable: [String] = []
    /// Whether the sandbox's user is another one than the service's.
    private let forOthers: Bool

    /// Tools that are looked for outside `/usr`, which is mounted anyway.
    private static let tools = [
        "swiftc", "cargo", "rustc", "node", "deno", "bun", "python3", "go", "java", "ruby", "zig", "cmake",
    ]
    /// Where the system's own programs are; mounted for every sandbox.
    private static let systemDirectories = ["/usr", "/bin", "/sbin", "/lib", "/lib64"]

    /// `extra` comes first. `detect` adds what the service's own `PATH` leads to. What overlaps `workspace` is left out:
    /// the workspace is the user's, not the host's.
    init(extra: [String], detect: Bool, workspace: String, forOthers: Bool) {
        self.forOthers = forOthers
        for directory in extra where HostPaths.isDirectory(directory) {
            guard add(directory, workspace: workspace) else { continue }
            for bin in [directory + "/bin", directory + "/usr/bin"] where HostPaths.isDirectory(bin) {
                path.append(bin)
            }
        }
        guard detect else { return }
        for tool in Self.tools {
            if let found = HostPaths.find(tool) { add(tool: found, workspace: workspace) }
        }
    }

    private mutating func add(tool: String, workspace: String) {
        guard let real = HostPaths.real(tool), !Self.isSystem(real) else { return }
        let directory = HostPaths.parent(tool)
        if HostPaths.parent(real).hasSuffix("/.cargo/bin") || real.hasSuffix("/rustup") {
            addRustup(binaries: HostPaths.parent(real), workspace: workspace)
        } else if directory.hasSuffix("/shims"), let pyenv = Self.pyenvVersion(root: HostPaths.parent(directory)) {
            addPrefix(pyenv, workspace: workspace)
        } else if real.hasSuffix(".sh") || HostPaths.parent(real).hasSuffix("/shims") {
            // A shim of a version manager that is not known here would need its whole home.
            return
        } else {
            addPrefix(HostPaths.parent(HostPaths.parent(real)), workspace: workspace)
        }
    }

    /// The prefix of an installation: `bin`, `lib` and so on are in it.
    private mutating func addPrefix(_ prefix: String, workspace: String) {
        let bin = prefix + "/bin"
        guard HostPaths.isDirectory(bin), add(prefix, workspace: workspace) else { return }
        if !path.contains(bin) { path.append(bin) }
    }

    /// rustup's programs and toolchains, but not `~/.cargo` itself: it holds registry tokens.
    private mutating func addRustup(binaries: String, workspace: String) {
        let home = HostPaths.variable("RUSTUP_HOME") ?? HostPaths.parent(HostPaths.parent(binaries)) + "/.rustup"
        guard HostPaths.isDirectory(home), add(home, workspace: workspace), add(binaries, workspace: workspace) else {
            return
        }
        environment["RUSTUP_HOME"] = home
        if !path.contains(binaries) { path.append(binaries) }
    }

    /// The directory of the version that pyenv would choose outside any project.
    private static func pyenvVersion(root: String) -> String? {
        guard let bytes = Descriptors.contents(ofFile: root + "/version", limit: 4096) else { return nil }
        let name = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
        guard let name, !name.contains("/"), name != "system" else { return nil }
        return HostPaths.real(root + "/versions/" + name)
    }

    private static func isSystem(_ path: String) -> Bool {
        systemDirectories.contains { HostPaths.isBeneath(path, $0) }
    }

    /// False for directories that would show more than a toolchain.
    @discardableResult
    private mutating func add(_ directory: String, workspace: String) -> Bool {
        guard HostPaths.isNormalized(directory), !Self.isSystem(directory),
            !HostPaths.isBeneath(directory, workspace), directory.split(separator: "/").count > 1,
            !Self.holdsAHome(directory)
        else { return false }
        if mounts.contains(where: { HostPaths.isBeneath(directory, $0) }) { return true }
        // What lies above it does not matter: it is mounted for the sandbox by itself.
        if forOthers, let status = HostPaths.status(directory), status.st_mode & 0o005 != 0o005 {
            unreadable.append(directory)
            return false
        }
        mounts.removeAll { HostPaths.isBeneath($0, directory) }
        mounts.append(directory)
        return true
    }

    private static func holdsAHome(_ directory: String) -> Bool {
        guard let home = HostPaths.variable("HOME") else { return false }
        return HostPaths.isBeneath(home, directory)
    }

    /// Adds the directory of a shared library.
    mutating func addLibraries(_ directory: String, workspace: String) {
        add(directory, workspace: workspace)
    }
}
