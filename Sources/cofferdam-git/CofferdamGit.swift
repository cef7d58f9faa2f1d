import GitWorker
import JSONRPC

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The program that works on a user's repository for `cofferdam`, which starts it when it is needed.
@main
struct CofferdamGit {
    static func main() async {
        // Standard output carries the protocol only: whatever else prints goes to standard error.
        let output = dup(1)
        guard output >= 0, dup2(2, 1) >= 0 else { exit(1) }
        _ = fcntl(output, F_SETFD, FD_CLOEXEC)
        signal(SIGPIPE, SIG_IGN)
        var environment: [String: String] = [:]
        for name in [
            "HOME", "PATH", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
            "GIT_CONFIG_NOSYSTEM", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL",
        ] { environment[name] = getenv(name).map { String(cString: $0) } }
        await GitWorker(environment: environment).run(
            StdioTransport(input: 0, output: output, framing: .contentLength))
    }
}
