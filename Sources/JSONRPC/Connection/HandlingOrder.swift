/// When the message after a request is looked at.
public enum HandlingOrder: Sendable {
    /// After the handler has returned. Replies and cancellations still get through meanwhile.
    case serial
    /// As soon as the handler has come to its first suspension: handlers start in the order of their requests and run
    /// beside one another.
    case concurrent
}
