import NIOCore

/// The one way out of a session's sandbox: it is handed the connections that programs in the sandbox make to their proxy,
/// decides each, and carries the allowed ones.
///
/// Everything on these connections is hostile. Nothing is allowed that no rule allows.
///
/// The descriptors are shared with the process that passed them, which can make them block; give the gateway event
/// loops on which nothing else waits.
public final class EgressGateway: Sendable {
    /// - Parameters:
    ///   - secrets: asked only for the credentials that rules name.
    ///   - certificateAuthority: needed by rules with `intercept`; without it they deny.
    ///   - observer: called for every decision, on an event loop; must not block.
    public init(
        sessionId: String, rules: [EgressRule], resolver: any NameResolver = SystemResolver.shared,
        secrets: any SecretSource = NoSecrets(), certificateAuthority: SessionAuthority? = nil,
        limits: EgressLimits = EgressLimits(), observer: @escaping @Sendable (EgressDecision) -> Void,
        eventLoopGroup: any EventLoopGroup
    ) {
        core = GatewayCore(
            sessionId: sessionId, rules: RuleSet(rules), resolver: resolver, secrets: secrets,
            authority: certificateAuthority, limits: limits, observer: observer, group: eventLoopGroup)
    }

    let core: GatewayCore

    /// Takes a connected TCP socket and owns it from now on. Anything else is closed.
    public func serve(descriptor: Int32, kind: EgressConnectionKind) {
        core.serve(descriptor: descriptor, kind: kind)
    }

    /// Puts another set of rules in force: for what comes from now on, and for open connections, which are closed when
    /// the rule that allowed them is gone or allows them no longer. Counters go on by rule id.
    ///
    /// A rule with an error (``EgressRule/check()``) never matches.
    public func replace(rules: [EgressRule]) { core.replace(RuleSet(rules)) }

    /// Ends every connection and takes no more. Returns when the last decision was observed.
    public func close() async { await core.close() }
}
