/// Requests of a session that follow one another: a replay compares a request with the next one of its lane.
///
/// Lanes go on side by side, as a title is asked for while the loop runs.
enum TrafficLane: String, Sendable, CaseIterable {
    case loop
    case summarise
    case review
    case title
    /// Programs in the sandbox, which may run side by side themselves.
    case program

    init(_ role: ModelRole, isProgram: Bool) {
        if isProgram {
            self = .program
            return
        }
        self =
            switch role {
            case .plan, .edit: .loop
            case .summarise: .summarise
            case .review: .review
            case .title: .title
            }
    }
}
