import CSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program in a session of its own, which a terminal's or editor's end does not reach. It inherits no descriptor but one.
struct DetachedProgram {
    var path: String
    var arguments: [String]
    var environment: [String: String]
    /// The file that its standard error goes to, emptied before.
    var errorOutput: String
    /// Given to the program as `passedAs`.
    var passedDescriptor: Int32

    static let passedAs: Int32 = 3

    func start() throws(ServiceClientError) -> pid_t {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw Self.failure("/dev/null", errno) }
        defer { _ = close(null) }
        let output = open(errorOutput, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.failure(errorOutput, errno) }
        defer { _ = close(output) }

        var result = cspawn_result()
        let descriptors = [null, null, output, passedDescriptor]
        let status = Self.withCStrings([path]) { programs in
            Self.withCStrings([path] + arguments) { arguments in
                Self.withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                    descriptors.withUnsafeBufferPointer { descriptors in
                        var options = cspawn_options()
                        options.programs = programs
                        options.arguments = arguments
                        options.environment = environment
                        options.descriptors = descriptors.baseAddress
                        options.descriptor_count = descriptors.count
                        options.new_session = true
                        return cspawn_start(&options, &result)
                    }
                }
            }
        }
        guard status == 0 else { throw Self.failure(path, result.error) }
        if result.pidfd >= 0 { _ = close(result.pidfd) }
        return result.pid
    }

    private static func failure(_ what: String, _ error: Int32) -> ServiceClientError {
        .embeddedStart(reason: "\(what): \(String(cString: strerror(error)))", output: "")
    }

    static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { $0.map { UnsafePointer($0) } } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
