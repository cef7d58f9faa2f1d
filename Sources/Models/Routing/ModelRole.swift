/// What a model is asked for. `models.yaml` names, for each, the models that do it, best first.
public enum ModelRole: String, Sendable, CaseIterable, Codable {
    /// The loop of a session that only looks. Without a list of its own: as `edit`.
    case plan
    /// The loop of a session that changes files.
    case edit
    /// Shortens a conversation that has become too long. Without a list of its own: the loop's own model.
    case summarise
    /// Looks at a verified change before the turn ends. Without a list: nobody does.
    case review
    /// Gives a session a short title. Without a list: nobody does.
    case title

    /// Whether the role is the session's loop, whose model a user chooses.
    public var isLoop: Bool { self == .plan || self == .edit }
}
