/// Where `cofferdam-supervisor` is, and what it needs to run.
struct SupervisorBinary {
    var path: String
    /// Directories of shared Swift libraries; empty for a static build.
    var libraries: [String]

    /// Looks at `COFFERDAM_SUPERVISOR`, beside the running program, then in `PATH`.
    static func find() throws(SandboxError) -> SupervisorBinary {
        var candidates: [String] = []
        if let named = HostPaths.variable("COFFERDAM_SUPERVISOR"), !named.isEmpty {
            candidates = [named]
        } else {
            if let program = HostPaths.linkTarget("/proc/self/exe") {
                candidates.append(HostPaths.parent(program) + "/cofferdam-supervisor")
            }
            if let found = HostPaths.find("cofferdam-supervisor") { candidates.append(found) }
        }
        for candidate in candidates where HostPaths.isExecutableFile(candidate) {
            guard let real = HostPaths.real(candidate) else { continue }
            return SupervisorBinary(path: real, libraries: swiftLibraries())
        }
        throw .supervisorMissing(searched: candidates)
    }

    /// Where this program's own Swift runtime was loaded from: the supervisor of the same build needs the same one.
    private static func swiftLibraries() -> [String] {
        guard let bytes = Descriptors.contents(ofFile: "/proc/self/maps", limit: 16 << 20) else { return [] }
        let suffix = Array("/libswiftCore.so".utf8)
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.suffix(suffix.count).elementsEqual(suffix) {
            guard let slash = line.firstIndex(of: UInt8(ascii: "/")) else { continue }
            return [HostPaths.parent(String(decoding: line[slash...], as: UTF8.self))]
        }
        return []
    }
}
