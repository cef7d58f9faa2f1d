import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A program of the host as it is to be started: it inherits nothing but what is named here.
public struct ProgramStart {
    /// Paths, of which the first that is there is taken.
    public var programs: [String]
    /// Its own name first.
    public var arguments: [String]
    public var environment: [String: String]
    /// Descriptor `i` of the program is the `i`th of these.
    public var descriptors: [Int32]
    /// Where it starts; nil: where this program is.
    public var directory: String?
    /// Whether it leads a session, and so a process group, of its own.
    public var isSessionLeader: Bool

    public struct Failure: Error {
        /// `errno` of what failed.
        public var number: Int32
    }

    public init(
        programs: [String], arguments: [String], environment: [String: String], descriptors: [Int32],
        directory: String? = nil, isSessionLeader: Bool = false
    ) {
        self.programs = programs
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
        self.directory = directory
        self.isSessionLeader = isSessionLeader
    }

    /// - Returns: the process, which the caller waits for.
    public func start() throws(Failure) -> pid_t {
        let programs = CStringArray(programs)
        let words = CStringArray(arguments)
        let variables = CStringArray(environment.map { "\($0.key)=\($0.value)" })
        let places = CStringArray(directory.map { [$0] } ?? [])
        var result = cspawn_result()
        let status = withExtendedLifetime((programs, words, variables, places)) {
            descriptors.withUnsafeBufferPointer { descriptors in
                var options = cspawn_options()
                options.programs = programs.pointer
                options.arguments = words.pointer
                options.environment = variables.pointer
                options.directory = places.pointer.pointee
                options.descriptors = descriptors.baseAddress
                options.descriptor_count = descriptors.count
                options.new_session = isSessionLeader
                return cspawn_start(&options, &result)
            }
        }
        guard status == 0 else { throw Failure(number: result.error) }
        if result.pidfd >= 0 { close(result.pidfd) }
        return result.pid
    }
}
