import AgentProtocol
import ArgumentParser
import JSONRPC
import LanguageServer
import ServiceClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `cofferdam lsp`.
enum LanguageServerProgram {
    static func run() async -> Int32 {
        // Standard output carries the protocol only: whatever else prints goes to standard error.
        let output = dup(1)
        guard output >= 0, dup2(2, 1) >= 0 else { return 1 }
        _ = fcntl(output, F_SETFD, FD_CLOEXEC)
        let server = LanguageServer(
            transport: StdioTransport(input: 0, output: output, framing: .contentLength),
            makeService: { settings, handlers in
                var configuration = try ServiceClientConfiguration.fromEnvironment(
                    ProcessEnvironment.all, clientInfo: settings.client ?? ProgramVersion.info)
                if let url = settings.service?.url {
                    configuration.url = try ServiceURL(parsing: url)
                    configuration.startsEmbedded = false
                }
                if let file = settings.service?.tokenFile { configuration.tokenFile = file }
                return ServiceClient(configuration: configuration, handlers: handlers)
            },
            environment: LanguageServerEnvironment(
                version: ProgramVersion.current, stateDirectory: ProcessEnvironment.stateDirectory,
                startGitWorker: { try ServiceSession.startGitWorker() },
                log: { Terminal.error("cofferdam: \($0)") }))
        return await server.run()
    }
}

struct LanguageServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lsp", abstract: "Speak the Language Server Protocol on standard input and output.")

    @Flag(help: "Accepted for editors that pass it; there is no other transport.")
    var stdio = false

    func run() async throws { throw ExitCode(await LanguageServerProgram.run()) }
}
