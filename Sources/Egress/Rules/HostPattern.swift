/// The host of a rule.
enum HostPattern: Sendable, Equatable {
    case exact(EgressHost)
    /// Every name beneath this one, at any depth, but not itself.
    case beneath(String)

    /// Nil when it is neither a host nor `*.` before a name.
    init?(_ text: String) {
        guard text.hasPrefix("*.") else {
            guard let host = EgressHost(text) else { return nil }
            self = .exact(host)
            return
        }
        guard case .name(let name) = EgressHost(String(text.dropFirst(2))) else { return nil }
        self = .beneath(name)
    }

    func matches(_ host: EgressHost) -> Bool {
        switch self {
        case .exact(let exact): return exact == host
        case .beneath(let suffix):
            guard case .name(let name) = host else { return false }
            return name.utf8.count > suffix.utf8.count + 1 && name.hasSuffix("." + suffix)
        }
    }
}
