import Egress

/// The names of the service's file first, then the system's resolver.
struct ConfiguredResolver: NameResolver {
    private let hosts: [String: [IPAddress]]
    private let system: any NameResolver

    init(hosts: [String: [String]], system: any NameResolver = SystemResolver.shared) {
        self.hosts = hosts.mapValues { $0.compactMap { IPAddress($0) } }
        self.system = system
    }

    func addresses(of name: String) async throws -> [IPAddress] {
        if let known = hosts[name] { return known }
        return try await system.addresses(of: name)
    }
}
