/// `environmentPrepared`: what the sandbox is made from stands ready. Not said of the host's own system without setup steps.
public struct EnvironmentPrepared: Codable, Sendable, Equatable {
    /// Name of the environment.
    public var environment: String
    public var setup: SetupOrigin
    /// Setup steps that the repository names.
    public var steps: Int
    public var durationMilliseconds: Int
    /// What the user should know: settings that are not used here, files of the snapshot that setup steps changed and
    /// that are as they were.
    public var notes: [String]?

    public init(
        environment: String, setup: SetupOrigin, steps: Int, durationMilliseconds: Int, notes: [String]? = nil
    ) {
        self.environment = environment
        self.setup = setup
        self.steps = steps
        self.durationMilliseconds = durationMilliseconds
        self.notes = notes
    }
}
