import ArgumentParser
import Sandbox
import Service
import Spawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@main
struct Cofferdamd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cofferdamd",
        abstract: "The sandbox service: runs agent sessions in sandboxes and serves them over WebSocket.",
        version: ServiceVersion.current)

    @OptionGroup var options: ServiceOptions

    func validate() throws {
        if options.guards || options.checkModels { return }
        // Says what is wrong with the arguments before anything is touched.
        do { _ = try options.resolved() } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        if options.guards {
            let path = try options.serviceFile(Environment.current)
            let file = try path.map { try ServiceFile.load($0) } ?? ServiceFile()
            let guards = LocalDriver.guards(cgroup: file.limits.cgroup)
            let required = file.require.names
            for guarding in guards {
                let state = guarding.active ? "active" : required.contains(guarding.name) ? "required" : "absent"
                print(state, guarding.name, guarding.advice, separator: "\t")
            }
            for name in required.subtracting(guards.map(\.name)).sorted() {
                print(
                    "required", name, "There is no guard of that name: see `require` in the service's file.",
                    separator: "\t")
            }
            return
        }
        ProcessSecrecy.apply()
        if options.checkModels { return await ModelCheck.run(file: options.models) }
        let configuration = try options.resolved()
        // An embedded service outlives the folder that it was started in.
        if options.embedded { _ = chdir("/") }
        do {
            try await ServiceProcess(configuration, makeBackend: makeBackend).run()
        } catch {
            let text = Array("cofferdamd: \(error)\n".utf8)
            _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            throw ExitCode.failure
        }
    }
}
