/// Who plays a role.
public struct ModelRoleSummary: Codable, Sendable, Equatable {
    /// `plan`, `edit`, `summarise`, `review` or `title`.
    public var role: String
    /// Names of models, best first.
    public var models: [String]

    public init(role: String, models: [String]) {
        self.role = role
        self.models = models
    }
}
