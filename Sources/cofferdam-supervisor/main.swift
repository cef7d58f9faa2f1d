#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import Supervisor

exit(SupervisorProgram.run(Array(CommandLine.arguments.dropFirst())))
