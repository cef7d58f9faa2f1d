import CSpawn
import Spawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs a program of the host to see whether it can: without input, output or environment.
enum HostProgram {
    /// - Parameters:
    ///   - programs: paths, of which the first that is there is taken.
    ///   - stage: mounts and namespaces that it is to run in.
    /// - Returns: whether it was started and ended with exit code 0. Waits for that.
    static func succeeds(
        _ programs: [String], _ arguments: [String], stage: UnsafePointer<cspawn_stage>? = nil
    ) -> Bool {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return false }
        defer { Descriptors.close(null) }
        let programs = CStringArray(programs)
        let words = CStringArray(arguments)
        let none = CStringArray([])
        var result = cspawn_result()
        let code = withExtendedLifetime((programs, words, none)) {
            [null, null, null].withUnsafeBufferPointer { descriptors in
                var options = cspawn_options()
                options.programs = programs.pointer
                options.arguments = words.pointer
                options.environment = none.pointer
                options.descriptors = descriptors.baseAddress
                options.descriptor_count = descriptors.count
                options.stage = stage
                return cspawn_start(&options, &result)
            }
        }
        guard code == 0 else { return false }
        defer { Descriptors.close(result.pidfd) }
        _ = ProcessIdentity.wait(result.pidfd, milliseconds: -1)
        var usage = cspawn_usage()
        return cspawn_reap_pidfd(result.pidfd, &usage) == 0 && usage.exit_code == 0
    }
}
