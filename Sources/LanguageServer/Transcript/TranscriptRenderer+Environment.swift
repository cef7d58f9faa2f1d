import AgentProtocol

extension TranscriptRenderer {
    mutating func setupCompleted(_ event: SetupCompleted) -> String {
        endOutput(event.itemId) + note("Setup \(Wording.result(event.result)).")
    }

    mutating func modelCallServed(_ event: ModelCallServed) -> String {
        let model = DisplayText.exact(event.model ?? "a model", limit: 100)
        let api = DisplayText.exact(event.api, limit: 40)
        let end =
            event.failure.map { DisplayText.exact($0, limit: 500) }
            ?? "\(event.usage.inputTokens) tokens in, \(event.usage.outputTokens) out"
        return note("A program asked \(model) (\(api)): \(end).")
    }

    mutating func environmentPrepared(_ event: EnvironmentPrepared) -> String {
        var text = note("Environment \(DisplayText.exact(event.environment, limit: 80))\(Wording.origin(event.setup)).")
        for line in (event.notes ?? []).prefix(Self.mostItems) { text += note(DisplayText.exact(line, limit: 1000)) }
        return text
    }
}

extension Wording {
    static func preparing(_ event: EnvironmentPreparing) -> String {
        let name = DisplayText.exact(event.environment, limit: 80)
        return switch event.activity {
        case .unpacking: "unpacking the environment \(name)"
        case .waiting: "waiting for another session that prepares the environment \(name)"
        case .setup: "setting up the environment \(name)"
        }
    }

    static func fetched(_ event: RepositoryFetched) -> String {
        let ref = event.ref.map { " \(DisplayText.exact($0, limit: 200))" } ?? ""
        let remote = DisplayText.exact(event.remote, limit: 300)
        return "Working on \(remote)\(ref) at \(DisplayText.exact(String(event.commit.prefix(12)), limit: 12))"
    }

    static func origin(_ origin: SetupOrigin) -> String {
        switch origin {
        case .none: ""
        case .ran: ", set up"
        case .reused: ", set up by an earlier session"
        case .waited: ", set up by another session"
        }
    }

    /// A shell's script as it was written.
    static func words(_ command: [String]) -> String {
        if command.count == 3, command[0] == "/bin/sh", command[1] == "-c" { return command[2] }
        return command.joined(separator: " ")
    }
}
