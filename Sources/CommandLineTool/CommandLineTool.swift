import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The command line of `cofferdam`.
public enum CommandLineTool {
    public static func main(_ arguments: [String]) async {
        signal(SIGPIPE, SIG_IGN)
        // An editor waits for this one: it starts before any command line is parsed.
        if arguments == ["lsp"] || arguments == ["--stdio"] || arguments == ["lsp", "--stdio"] {
            exit(await LanguageServerProgram.run())
        }
        await RootCommand.main(arguments)
    }
}

/// Exit codes of every command, for scripts.
enum ExitStatus {
    /// Verified, or answered without a change.
    static let success: Int32 = 0
    /// Changed something, but the checks did not verify it.
    static let unverified: Int32 = 1
    /// The turn was cancelled.
    static let cancelled: Int32 = 3
    /// A limit ended the turn.
    static let limit: Int32 = 4
    /// A fault ended the turn or the session.
    static let failed: Int32 = 5
    /// The result could not be applied in full.
    static let conflicts: Int32 = 6
    /// The service cannot be reached or refused the request.
    static let service: Int32 = 7
    /// Interrupted.
    static let interrupted: Int32 = 130
}

struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cofferdam",
        abstract: "A coding agent that works in a sandbox and is held to the compiler, the linter and the tests.",
        discussion: """
            Editors start `cofferdam lsp`. With no service configured (COFFERDAM_SERVICE_URL), one is started on this \
            machine and outlives the command.

            Exit codes: 0 verified or answered, 1 not verified, 3 cancelled, 4 a limit was met, 5 failed, \
            6 not applied in full, 7 service not reached or request refused, 64 usage, 130 interrupted.
            """,
        version: ProgramVersion.current,
        subcommands: [
            LanguageServerCommand.self, RunCommand.self, PromptCommand.self, AttachCommand.self, ListCommand.self,
            ApproveCommand.self, RejectCommand.self, DiffCommand.self, EgressCommand.self, ApplyCommand.self,
            UndoCommand.self, PublishCommand.self, ForkCommand.self, RestoreCommand.self, LogCommand.self,
            UsageCommand.self, RecordCommand.self, ReplayCommand.self,
            CancelCommand.self, StopCommand.self, DoctorCommand.self,
        ])
}
