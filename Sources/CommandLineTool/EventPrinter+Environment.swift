import AgentProtocol

/// Wording of the events of an environment.
enum EnvironmentWords {
    static func preparing(_ event: EnvironmentPreparing) -> String {
        switch event.activity {
        case .unpacking: "unpacking the environment \(event.environment)"
        case .waiting: "waiting for another session that prepares the environment \(event.environment)"
        case .setup: "setting up the environment \(event.environment)"
        }
    }

    static func fetched(_ event: RepositoryFetched) -> String {
        let ref = event.ref.map { " \($0)" } ?? ""
        return "\(event.remote)\(ref) at \(event.commit.prefix(12))"
    }

    static func prepared(_ event: EnvironmentPrepared) -> String {
        let setup =
            switch event.setup {
            case .none: ""
            case .ran: ", set up"
            case .reused: ", set up by an earlier session"
            case .waited: ", set up by another session"
            }
        return "environment \(event.environment)\(setup)"
    }

    static func started(_ event: SetupStarted) -> String {
        "setup \(event.step) of \(event.steps): \(words(event.command))"
    }

    /// A shell's script as it was written.
    static func words(_ command: [String]) -> String {
        if command.count == 3, command[0] == "/bin/sh", command[1] == "-c" { return command[2] }
        return command.joined(separator: " ")
    }
}
