/// Another model goes on with what one was asked for.
public struct ModelSwitch: Sendable, Equatable {
    /// Names in `models.yaml`.
    public var from: String
    public var to: String
    /// Why, for a person to read; holds no secret.
    public var reason: String

    public init(from: String, to: String, reason: String) {
        self.from = from
        self.to = to
        self.reason = reason
    }
}
