/// One value of `/metrics`.
public struct MetricSample: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case counter, gauge
    }

    /// As Prometheus takes it: `cofferdam_sessions_live`.
    public var name: String
    /// One line that says what is counted. Samples of one name share it.
    public var help: String
    public var kind: Kind
    public var labels: [Label]
    public var value: Double

    public struct Label: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(name: String, help: String, kind: Kind, labels: [Label] = [], value: Double) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }
}
