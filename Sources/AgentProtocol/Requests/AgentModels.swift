import JSONRPC

/// `agent/models`: the models that the service is configured with, and the roles that they play.
public enum AgentModels: RequestType {
    public static let method = "agent/models"

    public struct Params: Codable, Sendable, Equatable {
        public init() {}
    }

    public struct Result: Codable, Sendable, Equatable {
        /// What `agent/start` and `agent/prompt` take as `model`: models, the default first, then roles that have a list.
        public var names: [String]
        public var models: [ModelSummary]
        public var roles: [ModelRoleSummary]

        public init(names: [String], models: [ModelSummary], roles: [ModelRoleSummary]) {
            self.names = names
            self.models = models
            self.roles = roles
        }
    }
}
