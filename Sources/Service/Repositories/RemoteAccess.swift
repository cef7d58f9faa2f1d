import Workspace

/// Which remote repositories sessions may work on, and the way to them.
public protocol RemoteAccess: Sendable {
    /// - Parameter remote: as a client names it.
    /// - Throws: `ResponseError` (invalid params) when it is no address, or one that is not allowed.
    func transport(to remote: String) throws -> any RemoteTransport
}
