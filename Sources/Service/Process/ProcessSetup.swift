#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What every service process needs once.
enum ProcessSetup {
    static func apply() {
        // A peer that goes away must be an error of one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // Each session needs a few descriptors, and the default of 1024 is soon used up.
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        if getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(resource, &limit)
        }
    }
}
