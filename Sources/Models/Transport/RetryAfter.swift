import NIOHTTP1

extension Duration {
    /// The wait that an answer asks for: `retry-after-ms`, or `Retry-After` in seconds (RFC 9110, section 10.2.3).
    /// A date, the other form of that section, is ignored: no model endpoint sends it, and clocks differ.
    static func retryAfter(in headers: HTTPHeaders) -> Duration? {
        if let text = headers.first(name: "retry-after-ms"), let value = Double(text) {
            return bounded(seconds: value / 1000)
        }
        if let text = headers.first(name: "retry-after"), let value = Double(text) {
            return bounded(seconds: value)
        }
        return nil
    }

    /// Infinite, negative or absurd values become nil or a day: the header is not trusted.
    static func bounded(seconds: Double) -> Duration? {
        guard seconds.isFinite, seconds >= 0 else { return nil }
        return .milliseconds(Int((min(seconds, 86_400) * 1000).rounded(.up)))
    }
}
