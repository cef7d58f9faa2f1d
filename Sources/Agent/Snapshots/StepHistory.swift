import Sandbox

/// The steps of a session, and where it is among them.
struct StepHistory {
    private(set) var records: [Int: KeptStep] = [:]
    /// The step that the session came from; nil before the first.
    private(set) var current: Int?
    /// The number of the next step.
    private(set) var next = 0
    /// What the session was at `current`.
    private var known = StepState()

    var store: SnapshotStore?
    /// The snapshot that is being taken.
    var taking: Task<Void, Never>?
    /// The way back that is under way.
    var restoring: Task<Void, Never>?
    var isRestoring = false

    /// A number for a new step.
    mutating func begin() -> Int {
        next += 1
        return next - 1
    }

    /// The number of a step that was begun is not given again, whatever became of the step.
    mutating func pass(_ step: Int) { next = max(next, step + 1) }

    /// The step as it is to be kept.
    func change(to state: StepState) -> KeptStep { state.change(from: known, parent: current) }

    /// The step is there.
    mutating func add(_ step: Int, _ record: KeptStep, _ state: StepState) {
        records[step] = record
        current = step
        known = state
    }

    /// The session is at this step again.
    mutating func goTo(_ step: Int, _ state: StepState) {
        current = step
        known = state
    }

    /// Takes over what a former service kept.
    mutating func recall(_ records: [Int: KeptStep], _ kept: KeptSteps) {
        self.records = records
        next = max(kept.next, (records.keys.max() ?? -1) + 1)
        current = kept.current
        known = kept.current.flatMap { try? state(at: $0) } ?? StepState()
    }

    /// A step, and those that it came from, the nearest first.
    func line(to step: Int) -> [Int] {
        var line: [Int] = []
        var number: Int? = step
        while let present = number, line.count <= records.count {
            line.append(present)
            number = records[present]?.parent
        }
        return line
    }

    var kept: KeptSteps { KeptSteps(current: current, next: next) }

    /// What the session was at a step.
    /// - Throws: `AgentError.invalidParams` when there is none.
    func state(at step: Int) throws -> StepState {
        var chain: [KeptStep] = []
        var number: Int? = step
        while let present = number {
            guard let record = records[present], chain.count <= records.count else {
                throw AgentError.invalidParams("the session has no step \(step)")
            }
            chain.append(record)
            number = record.parent
        }
        var state = StepState()
        for record in chain.reversed() { try state.apply(record) }
        return state
    }
}
