import JSON

/// A kind of request: its method with the types of its parameters and result.
public protocol RequestType {
    associatedtype Params: Codable & Sendable
    associatedtype Result: Codable & Sendable
    static var method: String { get }
}

/// A kind of notification: its method with the type of its parameters.
public protocol NotificationType {
    associatedtype Params: Codable & Sendable
    static var method: String { get }
}

/// Parameters or a result without content. Written as `{}`, read from anything (`{}`, `null`, absent).
public struct Empty: Codable, Sendable, Equatable {
    public init() {}

    public init(from decoder: any Decoder) throws {}

    public func encode(to encoder: any Encoder) throws {
        enum NoKeys: CodingKey {}
        _ = encoder.container(keyedBy: NoKeys.self)
    }
}
