import Policy

/// Which remotes a rule of the service's file is for: an address whose path may have `*` for any run of characters, also
/// over slashes, and whose host may begin with `*.` for every name beneath it.
public struct RemotePattern: Sendable, Equatable, CustomStringConvertible {
    let address: RemoteAddress

    /// - Throws: ``RemoteAddress/Failure`` when no address could match it.
    public init(parsing text: String) throws(RemoteAddress.Failure) {
        address = try RemoteAddress(parsing: text, isPattern: true)
    }

    /// - Parameter isForge: the host is a forge's, where `user@host:path` and `ssh://user@host/path` are one place.
    public func matches(_ other: RemoteAddress, isForge: Bool = false) -> Bool {
        guard address.scheme == other.scheme, address.port == other.port, address.user == other.user else {
            return false
        }
        if address.host.hasPrefix("*.") {
            guard other.host.hasSuffix(address.host.dropFirst()) else { return false }
        } else if address.host != other.host {
            return false
        }
        guard isForge || address.isRelative == other.isRelative else { return false }
        let pattern = Self.withoutSlash(address.path)
        // With and without `.git` forges and `git http-backend` serve the same repository.
        let path = Self.withoutSlash(other.path)
        let short = path.hasSuffix(".git") ? String(path.dropLast(4)) : path
        return [path, short, short + ".git"].contains { WildcardPattern.matches(pattern, $0) }
    }

    private static func withoutSlash(_ path: String) -> String { path.hasPrefix("/") ? String(path.dropFirst()) : path }

    public var description: String { address.description }
}
