/// `environmentPreparing`: something that takes time begins before the sandbox can start.
public struct EnvironmentPreparing: Codable, Sendable, Equatable {
    /// Name of the environment.
    public var environment: String
    public var activity: EnvironmentActivity

    public init(environment: String, activity: EnvironmentActivity) {
        self.environment = environment
        self.activity = activity
    }
}
