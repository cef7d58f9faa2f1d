/// Turns names into addresses for the gateway, which alone decides which of them may be used.
public protocol NameResolver: Sendable {
    /// All addresses of `name`, in the order in which to try them.
    ///
    /// - Parameter name: in lower case, ASCII, without a trailing dot; never an address.
    /// - Throws: ``NameResolutionError`` or anything else, which counts as `failed`.
    func addresses(of name: String) async throws -> [IPAddress]
}

public enum NameResolutionError: Error, Equatable {
    /// The name does not exist or has no address.
    case notFound
    /// The answer could not be had, with the system's words.
    case failed(String)
    /// Too many names are being resolved at once.
    case overloaded
}
