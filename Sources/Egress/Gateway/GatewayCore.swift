import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// What all connections of a gateway share.
final class GatewayCore: Sendable {
    let sessionId: String
    let resolver: any NameResolver
    let secrets: any SecretSource
    let authority: SessionAuthority?
    let limits: EgressLimits
    let group: any EventLoopGroup
    private let observer: @Sendable (EgressDecision) -> Void

    init(
        sessionId: String, rules: RuleSet, resolver: any NameResolver, secrets: any SecretSource,
        authority: SessionAuthority?, limits: EgressLimits, observer: @escaping @Sendable (EgressDecision) -> Void,
        group: any EventLoopGroup
    ) {
        self.sessionId = sessionId
        self.resolver = resolver
        self.secrets = secrets
        self.authority = authority
        self.limits = limits
        self.group = group
        self.observer = observer
    }

    func serve(descriptor: Int32, kind: EgressConnectionKind) { Glibc.close(descriptor) }
    func replace(_ rules: RuleSet) {}
    func close() async {}
}
