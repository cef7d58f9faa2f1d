import Supervisor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

exit(SupervisorProgram.run(Array(CommandLine.arguments.dropFirst())))
