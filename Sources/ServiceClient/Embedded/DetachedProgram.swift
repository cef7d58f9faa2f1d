import Spawn

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

        do {
            return try ProgramStart(
                programs: [path], arguments: [path] + arguments, environment: environment,
                descriptors: [null, null, output, passedDescriptor], isSessionLeader: true
            ).start()
        } catch {
            throw Self.failure(path, error.number)
        }
    }

    private static func failure(_ what: String, _ error: Int32) -> ServiceClientError {
        .embeddedStart(reason: "\(what): \(String(cString: strerror(error)))", output: "")
    }
}
