import AgentProtocol
import ArgumentParser

struct EgressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "egress", abstract: "Show what a session's sandbox may reach and what it reached, or change it.",
        discussion: """
            A rule is SCHEME://HOST[:PORT][/PATH] [METHODS], such as https://*.pypi.org or \
            "https://files.example.com/packages GET,HEAD". A change holds at once, also for open connections. It never \
            reaches further than the service's configuration and policy.
            """)

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(name: .customLong("allow"), help: "Let the agent reach this too. May be given several times.")
    var allowed: [String] = []
    @Option(name: .customLong("deny"), help: "Refuse this, whatever rule allows it. May be given several times.")
    var denied: [String] = []
    @Flag(name: .customLong("allow-all"), help: "Everything that the service and policy allow, as at the beginning.")
    var all = false
    @Flag(name: .customLong("deny-all"), help: "Nothing at all.")
    var nothing = false
    @Option(help: "Newest decisions to show.")
    var last = 20

    func validate() throws {
        guard last >= 0 else { throw ValidationError("--last must not be negative") }
        guard !(all && nothing) else { throw ValidationError("--allow-all and --deny-all exclude each other") }
        guard !((all || nothing) && !(allowed + denied).isEmpty) else {
            throw ValidationError("--allow-all and --deny-all come alone")
        }
    }

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            let id = summary.sessionId
            let changes = all || nothing || !(allowed + denied).isEmpty
            if changes || summary.state.isLive {
                var status = try await service.client.call(AgentEgress.self, AgentEgress.Params(sessionId: id))
                if changes {
                    status = try await service.client.call(AgentEgress.self, change(id, status))
                }
                show(status)
            }
            if !changes { try await showDecisions(service, id) }
        }
    }

    private func change(_ id: String, _ status: AgentEgress.Result) -> AgentEgress.Params {
        var params = AgentEgress.Params(sessionId: id)
        if all || nothing {
            params.rules = all ? status.ceiling.map(\.rule) : []
            params.denied = []
            return params
        }
        // While setup steps run, their rules are shown: the agent's are then counted from the most.
        let present = status.phase == .agent ? status.rules : status.ceiling
        if !allowed.isEmpty {
            params.rules = present.map(\.rule) + allowed
            let plain = allowed.map(Self.plain)
            params.denied = status.denied.filter { !plain.contains(Self.plain($0)) }
        }
        if !denied.isEmpty { params.denied = (params.denied ?? status.denied) + denied }
        return params
    }

    /// Without the scheme's usual port, which the service writes and people do not.
    private static func plain(_ rule: String) -> String {
        let words = rule.split(separator: " ").map(String.init)
        guard var address = words.first?.lowercased() else { return rule }
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where address.hasPrefix(scheme) {
            let rest = address.dropFirst(scheme.count)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            if rest[..<end].hasSuffix(port) { address = scheme + rest[..<end].dropLast(port.count) + rest[end...] }
        }
        return ([address] + words.dropFirst()).joined(separator: " ")
    }

    private func show(_ status: AgentEgress.Result) {
        let who = status.phase == .setup ? "Setup steps may reach:" : "The agent may reach:"
        line(status.rules.isEmpty ? "\(who) nothing" : who)
        for rule in status.rules { line("  \(words(rule))") }
        if !status.denied.isEmpty {
            line("but not:")
            for rule in status.denied { line("  \(rule)") }
        }
        let given = Set(status.rules.map(\.rule))
        let more = status.ceiling.filter { !given.contains($0.rule) }
        if status.phase == .agent, !more.isEmpty {
            line("It could be given, with --allow:")
            for rule in more { line("  \(words(rule))") }
        }
    }

    private func words(_ rule: EgressRuleSummary) -> String {
        let credential = rule.credential.map { ", with the credential \($0)" } ?? ""
        return "\(rule.rule)  [\(rule.id)\(rule.intercepted ? ", read by the gateway" : "")\(credential)]"
    }

    private func showDecisions(_ service: ServiceSession, _ id: String) async throws {
        let attached = try await service.client.attach(id, afterSeq: 0)
        guard attached.seq > 0, last > 0 else { return }
        var decisions: [EgressDecided] = []
        for await progress in service.events {
            if case .egressDecided(let event) = progress.event {
                decisions.append(event)
                if decisions.count > last { decisions.removeFirst() }
            }
            if progress.seq >= attached.seq { break }
        }
        if decisions.isEmpty { return line("No connection was asked for yet.") }
        line("Newest decisions:")
        for event in decisions {
            let bytes = event.verdict == .allow ? ", \(event.bytesUp) bytes out, \(event.bytesDown) in" : ""
            let phase = event.phase == .opened ? ", open" : ""
            line("  \(EgressWords.decision(event))\(phase)\(bytes)")
        }
    }

    private func line(_ text: String) { Terminal.line(Terminal.harmless(text)) }
}
