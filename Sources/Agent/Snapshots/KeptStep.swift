import AgentProtocol
import JSON
import Models

/// A step as it is kept: what it added to the one that it follows.
struct KeptStep: Codable, Sendable {
    /// The step before; nil for the first.
    var parent: Int?
    /// Messages that are the same as the parent's, and those that follow them.
    var commonMessages: Int
    var messages: [JSONValue]
    /// What the next message to the model is to carry.
    var notes: [String]
    var addedProducts: [String]
    var removedProducts: [String]
    /// Files that tools changed by the model's own words.
    var touched: [String]
    var checks: KeptChecks
}

/// Where a session is among its steps.
struct KeptSteps: Codable, Sendable {
    var current: Int?
    var next: Int
}

/// A way back that was begun.
struct KeptRestore: Codable, Sendable {
    var step: Int
}

/// What a session that is forked from another one begins with, until it has begun; see ``ForkPoint``.
struct KeptFork: Codable, Sendable {
    var parent: String
    var parentStep: Int
    var frozen: KeptFrozen
    var network: NetworkChange
    var baseline: [String: [Diagnostic]]
    var step: Int
    /// Absent in what an earlier version kept.
    var line: [Int]?

    init(_ point: ForkPoint) {
        parent = point.parent
        parentStep = point.parentStep
        frozen = point.frozen
        network = point.network
        baseline = point.baseline
        step = point.step
        line = point.line
    }
}

/// All of a session that belongs to a step, files apart.
struct StepState: Sendable {
    var messages: [ModelMessage] = []
    var notes: [String] = []
    var products: Set<String> = []
    var touched: Set<String> = []
    var checks = KeptChecks()

    /// - Parameter parent: the step that `old` is of.
    func change(from old: StepState, parent: Int?) -> KeptStep {
        var common = 0
        while common < messages.count, common < old.messages.count, messages[common] == old.messages[common] {
            common += 1
        }
        return KeptStep(
            parent: parent, commonMessages: common, messages: messages[common...].map(\.json), notes: notes,
            addedProducts: products.subtracting(old.products).sorted(),
            removedProducts: old.products.subtracting(products).sorted(),
            touched: touched.subtracting(old.touched).sorted(), checks: checks)
    }

    /// - Throws: when a message cannot be read.
    mutating func apply(_ step: KeptStep) throws {
        messages = Array(messages.prefix(step.commonMessages))
        for json in step.messages { messages.append(try ModelMessage(json: json)) }
        notes = step.notes
        products.formUnion(step.addedProducts)
        products.subtract(step.removedProducts)
        touched.formUnion(step.touched)
        checks = step.checks
    }
}
