/// Where the gateway gets credentials from.
public protocol SecretSource: Sendable {
    /// The value behind `name`, read anew for each request so that a rotated secret takes effect.
    ///
    /// - Throws: anything; the request is then refused, and the error's text is not shown to the sandbox.
    func secret(named name: String) async throws -> EgressSecret
}

/// A secret that does not show in logs, dumps or interpolations.
public struct EgressSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    public init(_ value: String) { self.value = value }

    /// The secret itself, to be put into a request and nowhere else.
    public func reveal() -> String { value }

    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A source that knows no secrets, for sessions without credentials.
public struct NoSecrets: SecretSource {
    public struct Unknown: Error {}

    public init() {}

    public func secret(named name: String) async throws -> EgressSecret { throw Unknown() }
}
