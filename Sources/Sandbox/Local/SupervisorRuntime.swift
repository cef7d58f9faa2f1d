/// What the supervisor needs to run in a root file system that is not the host's and may have another C library: the
/// host's loader and the libraries, each shown in a directory of their own.
struct SupervisorRuntime: Equatable {
    /// Path of the loader on the host; nil for a static supervisor.
    var loader: String?
    /// Libraries by name, with their paths on the host.
    var libraries: [String: String] = [:]

    /// Where the loader and the libraries stand in the sandbox.
    static let directory = "/run/cofferdam/lib"
    /// More than any build of it needs.
    private static let maximumLibraries = 64

    /// The command line that starts the supervisor, to be followed by its arguments.
    var command: [String] {
        guard let loader else { return [SandboxLayout.supervisor] }
        let name = loader.split(separator: "/").last.map(String.init) ?? "loader"
        // Nothing of the image is loaded into the supervisor: not by its cache of libraries either.
        return [
            Self.directory + "/" + name, "--inhibit-cache", "--library-path", Self.directory, SandboxLayout.supervisor,
        ]
    }

    /// Everything to be shown: paths of the host, and those inside.
    var binds: [(source: String, target: String)] {
        guard let loader, let name = loader.split(separator: "/").last else { return [] }
        // glibc's loader is also one of its libraries.
        var all = libraries
        all[String(name)] = loader
        return all.sorted { $0.key < $1.key }.map { ($0.value, Self.directory + "/" + $0.key) }
    }

    static func find(_ supervisor: SupervisorBinary) throws(SandboxError) -> SupervisorRuntime {
        guard let program = ElfFile(path: supervisor.path) else {
            throw .setUpFailed(step: "read \(supervisor.path)", errno: 0)
        }
        guard let interpreter = program.interpreter else { return SupervisorRuntime() }
        var runtime = SupervisorRuntime(loader: HostPaths.real(interpreter) ?? interpreter)
        let places = supervisor.libraries + systemDirectories
        var waiting = program.needed
        while let name = waiting.popLast() {
            guard runtime.libraries[name] == nil else { continue }
            guard runtime.libraries.count < maximumLibraries, !name.contains("/"),
                let path = places.lazy.map({ $0 + "/" + name }).first(where: { HostPaths.status($0) != nil })
            else { throw .setUpFailed(step: "find the library \(name) of the supervisor", errno: 2) }
            runtime.libraries[name] = HostPaths.real(path) ?? path
            waiting += ElfFile(path: path)?.needed ?? []
        }
        return runtime
    }

    private static var systemDirectories: [String] {
        #if arch(arm64)
            let triple = "aarch64-linux-gnu"
        #else
            let triple = "x86_64-linux-gnu"
        #endif
        return ["/lib/\(triple)", "/usr/lib/\(triple)", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    }
}
