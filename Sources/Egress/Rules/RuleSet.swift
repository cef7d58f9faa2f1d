/// Where a connection goes.
struct EgressTarget: Sendable, Hashable {
    var host: EgressHost
    var port: Int
}

/// A request that the gateway can read.
struct ReadableRequest: Sendable, Equatable {
    var scheme: EgressRule.Scheme
    var target: EgressTarget
    var method: String
    /// Without the query.
    var path: String
}

/// The rules in force, checked and ready to match.
struct RuleSet: Sendable {
    struct Entry: Sendable, Equatable {
        var rule: EgressRule
        var pattern: HostPattern
    }

    private let entries: [Entry]

    /// Leaves out rules with errors and those whose id was there before: what is doubtful allows nothing.
    init(_ rules: [EgressRule]) {
        var ids: Set<String> = []
        entries = rules.compactMap { rule in
            guard ids.insert(rule.id).inserted, (try? rule.check()) != nil, let pattern = HostPattern(rule.host) else {
                return nil
            }
            return Entry(rule: rule, pattern: pattern)
        }
    }

    func rule(id: String) -> EgressRule? { entries.first { $0.rule.id == id }?.rule }

    private func entries(for target: EgressTarget) -> some Sequence<Entry> {
        entries.lazy.filter { $0.rule.port == target.port && $0.pattern.matches(target.host) }
    }

    /// The rule for a connection of which only the target is known yet; it tells what is to be spoken.
    func decide(_ target: EgressTarget) -> Result<EgressRule, Denial> {
        for entry in entries(for: target) where entry.rule.effect == .allow {
            let denies = entries(for: target).contains { Self.closes($0.rule, what: entry.rule) }
            return denies ? .failure(Denial(.deniedByRule)) : .success(entry.rule)
        }
        return .failure(Denial(noRuleReason(target)))
    }

    /// Whether `denial` closes a whole connection under `rule`: it denies every request, or some that could not be told.
    private static func closes(_ denial: EgressRule, what rule: EgressRule) -> Bool {
        guard denial.effect == .deny, applies(denial, to: rule.scheme) else { return false }
        return !rule.isReadable || (denial.methods == nil && denial.pathPrefix == nil)
    }

    /// Any bytes may be HTTP or TLS, and HTTP and TLS are some bytes.
    private static func applies(_ rule: EgressRule, to scheme: EgressRule.Scheme) -> Bool {
        rule.scheme == scheme || rule.scheme == .tcp || scheme == .tcp
    }

    private static func denies(_ rule: EgressRule, _ request: ReadableRequest) -> Bool {
        guard rule.effect == .deny, applies(rule, to: request.scheme),
            rule.methods?.contains(request.method.uppercased()) ?? true
        else { return false }
        return rule.pathPrefix.map { RequestPath.mayLie(request.path, beneath: $0) } ?? true
    }

    /// The rule for a request within plain HTTP or TLS that the gateway ends.
    func decide(_ request: ReadableRequest) -> Result<EgressRule, Denial> {
        var reason = noRuleReason(request.target)
        if entries(for: request.target).contains(where: { Self.denies($0.rule, request) }) {
            return .failure(Denial(.deniedByRule))
        }
        for entry in entries(for: request.target) where entry.rule.effect == .allow {
            let rule = entry.rule
            guard rule.scheme == request.scheme || rule.scheme == .tcp else { continue }
            if let refusal = Self.refusal(of: request, by: rule) { reason = refusal } else { return .success(rule) }
        }
        return .failure(Denial(reason))
    }

    /// Whether the rule of this id still allows what was opened under it.
    func stillAllows(ruleId: String, target: EgressTarget, request: ReadableRequest?, like old: EgressRule) -> Bool {
        guard let rule = entries(for: target).first(where: { $0.rule.id == ruleId && $0.rule.effect == .allow })?.rule
        else { return false }
        let denied = entries(for: target).contains { entry in
            request.map { Self.denies(entry.rule, $0) } ?? Self.closes(entry.rule, what: rule)
        }
        guard !denied, rule.scheme == old.scheme, rule.intercept == old.intercept, rule.credential == old.credential,
            rule.certificateAuthorityFile == old.certificateAuthorityFile,
            rule.allowPrivate || !old.allowPrivate, rule.allowMissingServerName || !old.allowMissingServerName,
            rule.allowEncryptedHello || !old.allowEncryptedHello
        else { return false }
        return request.map { Self.refusal(of: $0, by: rule) == nil } ?? true
    }

    private func noRuleReason(_ target: EgressTarget) -> EgressReason {
        if case .address = target.host { .addressNotListed } else { .noRule }
    }

    private static func refusal(of request: ReadableRequest, by rule: EgressRule) -> EgressReason? {
        // TRACE would show the client the credential that was added, CONNECT would leave the host.
        if ["TRACE", "TRACK", "CONNECT"].contains(request.method.uppercased()) { return .methodNotAllowed }
        if let methods = rule.methods, !methods.contains(request.method) { return .methodNotAllowed }
        if let prefix = rule.pathPrefix {
            if RequestPath.isAmbiguous(request.path) { return .ambiguousPath }
            if !RequestPath.lies(request.path, beneath: prefix) { return .pathNotAllowed }
        }
        return nil
    }
}

/// A reason to refuse, as an error.
struct Denial: Error, Equatable {
    var reason: EgressReason
    /// What the client is told besides; never a secret.
    var detail: String?

    init(_ reason: EgressReason, detail: String? = nil) {
        self.reason = reason
        self.detail = detail
    }
}
