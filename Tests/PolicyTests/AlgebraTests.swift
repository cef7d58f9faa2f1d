import Testing
import TestSupport

@testable import Policy

@Suite("Policy only narrows")
struct AlgebraTests {
    private static let ruleTexts = [
        "*", "read", "edit", "run", "*(a/**)", "read(a/*)", "read(**)", "edit(b)", "run(git *)", "run(git push *)",
        "*(x)",
    ]
    private static let actions = [
        PolicyAction(tool: "read", subject: .path("a/b")), PolicyAction(tool: "read", subject: .path("b")),
        PolicyAction(tool: "edit", subject: .path("b")), PolicyAction(tool: "edit", subject: .path("a/b/c")),
        PolicyAction(tool: "run", subject: .arguments(["git", "push", "x"])),
        PolicyAction(tool: "run", subject: .arguments(["make"])),
        PolicyAction(tool: "shell", subject: .commandLine("x")),
        PolicyAction(tool: "other", subject: .none),
    ]

    private struct Source {
        var generator: SeededGenerator
        var rules: [PolicyRule]

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            rules = try AlgebraTests.ruleTexts.map(PolicyRule.init)
        }

        mutating func some(_ range: ClosedRange<Int>) -> [PolicyRule] {
            Array(rules.shuffled(using: &generator).prefix(Int.random(in: range, using: &generator)))
        }

        /// Mostly permissive, so that every verdict is common.
        mutating func layer(_ name: String) -> PolicyLayer {
            if Int.random(in: 0..<40, using: &generator) == 0 { return .failed(name: name, reason: "broken") }
            var layer = PolicyLayer(name: name)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0...1: layer.tools = nil
            case 2: layer.tools = some(0...3)
            default: layer.tools = some(5...11)
            }
            if Bool.random(using: &generator) { layer.ask = some(0...2) }
            if Int.random(in: 0..<3, using: &generator) == 0 { layer.deny = some(0...2) }
            return layer
        }

        mutating func layers() -> [PolicyLayer] {
            (0..<Int.random(in: 0...4, using: &generator)).map { layer("layer \($0)") }
        }
    }

    /// The sentences of the design, word for word.
    private func definition(_ layers: [PolicyLayer], _ action: PolicyAction) -> Verdict {
        func any(_ rules: [PolicyRule]) -> Bool { rules.contains { $0.matches(action) } }
        if layers.contains(where: { $0.failure != nil || any($0.deny) }) { return .deny }
        if layers.contains(where: { $0.tools.map { !any($0) } ?? false }) { return .deny }
        if !layers.contains(where: { $0.tools.map(any) ?? false }) { return .deny }
        return layers.contains { any($0.ask) } ? .ask : .allow
    }

    @Test("The verdict is the one of the definition, in any order of the layers", arguments: [1, 2, 3] as [UInt64])
    func order(seed: UInt64) throws {
        var source = try Source(seed: seed)
        var seen: [Verdict: Int] = [:]
        for _ in 0..<1500 {
            let layers = source.layers()
            let shuffled = layers.shuffled(using: &source.generator)
            for action in Self.actions {
                let decision = EffectivePolicy(layers: layers).decide(action)
                #expect(decision.verdict == definition(layers, action))
                #expect(EffectivePolicy(layers: shuffled).decide(action).verdict == decision.verdict)
                #expect(!decision.explanation.isEmpty)
                seen[decision.verdict, default: 0] += 1
            }
        }
        for verdict in Verdict.allCases { #expect(seen[verdict, default: 0] > 100, "\(verdict) was hardly seen") }
    }

    @Test("A further layer never gives more", arguments: [11, 12, 13] as [UInt64])
    func narrows(seed: UInt64) throws {
        var source = try Source(seed: seed)
        for _ in 0..<1500 {
            let layers = source.layers()
            let more = source.layer("more")
            let position = Int.random(in: 0...layers.count, using: &source.generator)
            var longer = layers
            longer.insert(more, at: position)
            for action in Self.actions {
                let before = EffectivePolicy(layers: layers).decide(action).verdict
                let after = EffectivePolicy(layers: longer).decide(action).verdict
                // Only where nobody allowed anything yet can a layer allow: the first one has to.
                if layers.contains(where: { $0.tools != nil }) || before == .ask {
                    #expect(after <= before)
                }
            }
        }
    }

    @Test("An empty layer changes nothing; `tools: []` and a failed layer deny everything", arguments: [21] as [UInt64])
    func edges(seed: UInt64) throws {
        var source = try Source(seed: seed)
        for _ in 0..<500 {
            let layers = source.layers()
            for action in Self.actions {
                let verdict = EffectivePolicy(layers: layers).decide(action).verdict
                #expect(
                    EffectivePolicy(layers: layers + [PolicyLayer(name: "empty")]).decide(action).verdict == verdict)
                let nothing = PolicyLayer(name: "nothing", tools: [])
                #expect(EffectivePolicy(layers: layers + [nothing]).decide(action).verdict == .deny)
                let failed = PolicyLayer.failed(name: "failed", reason: "no")
                #expect(EffectivePolicy(layers: [failed] + layers).decide(action).verdict == .deny)
            }
        }
    }
}
