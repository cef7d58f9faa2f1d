/// Something that a rule allowed, from its opening to its end: a tunnel, or one request. Bound to its connection's loop.
final class Flow {
    /// Newer limits may come while it runs.
    var rule: EgressRule
    let target: EgressTarget
    let request: ReadableRequest?
    let address: IPAddress
    private let core: GatewayCore
    private let id: UInt64
    private let usage: RuleUsage
    private var bytesUp = 0
    private var bytesDown = 0
    private enum State {
        case new, open, over
    }
    private var state = State.new

    init(core: GatewayCore, rule: EgressRule, target: EgressTarget, request: ReadableRequest?, address: IPAddress) {
        self.core = core
        self.rule = rule
        self.target = target
        self.request = request
        self.address = address
        id = core.nextDecision()
        usage = core.usage(of: rule)
    }

    func open() {
        guard state == .new else { return }
        state = .open
        core.observe(decision(.opened, .allow, .allowed))
    }

    /// Ends it, once; without effect when it never opened.
    func close(_ verdict: EgressDecision.Verdict, _ reason: EgressReason) {
        guard state == .open else { return }
        state = .over
        core.observe(decision(.closed, verdict, reason))
    }

    /// Ends it by the gateway's decision, whether it opened or not.
    func refuse(_ reason: EgressReason) {
        guard state != .over else { return }
        state = .over
        core.observe(decision(.closed, .deny, reason))
    }

    /// Whether `count` more bytes of the client may pass.
    func countUp(_ count: Int) -> Bool {
        guard usage.add(count, limit: rule.maximumBytes) else { return false }
        bytesUp += count
        return true
    }

    /// Whether `count` more bytes of the host may pass.
    func countDown(_ count: Int) -> Bool {
        guard usage.add(count, limit: rule.maximumBytes) else { return false }
        bytesDown += count
        return true
    }

    private func decision(
        _ phase: EgressDecision.Phase, _ verdict: EgressDecision.Verdict, _ reason: EgressReason
    ) -> EgressDecision {
        EgressDecision(
            id: id, phase: phase, verdict: verdict, reason: reason, ruleId: rule.id,
            scheme: request?.scheme ?? rule.scheme, host: target.host.plain, port: target.port,
            method: request?.method,
            path: request.map { Printable.text($0.path.utf8, most: EgressLimits.maxReportedPath) },
            address: address.description, bytesUp: bytesUp, bytesDown: bytesDown)
    }
}
