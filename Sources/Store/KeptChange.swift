/// A change to what a session keeps beside its events, so that another service can go on with it.
public struct KeptChange: Sendable, Equatable {
    public var key: String
    /// JSON text; nil removes the value.
    public var value: [UInt8]?

    public init(_ key: String, _ value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}
