import AgentProtocol
import Egress
import JSON
import Store
import TestSupport
import Testing

@testable import Service

/// No decision is lost, none is told twice, and no sandbox fills a log with them.
struct DecisionLogTests {
    /// Long enough that it never ends by itself in a test.
    private static let window = Duration.seconds(3600)

    private func recorded(
        _ decisions: [EgressDecision], inParallel: Int = 1
    ) async throws -> [EgressDecided] {
        let folder = try TemporaryFolder()
        let store = try Store(path: "\(folder.path)/sessions.sqlite")
        try store.save(
            SessionRecord(
                sessionId: "s", workspaceFolder: "/w", title: "t", model: "m", state: .running, createdAt: 1,
                updatedAt: 1))
        let log = try EventLog(sessionId: "s", store: store)
        let decisionLog = DecisionLog(log, window: Self.window)
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<inParallel {
                group.addTask {
                    for (index, decision) in decisions.enumerated() where index % inParallel == part {
                        decisionLog.record(decision)
                    }
                }
            }
        }
        await decisionLog.close()
        decisionLog.record(decisions[0])  // too late: goes nowhere
        return try store.events(of: "s", afterSeq: 0, limit: 10_000).compactMap { logged in
            let params = try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: logged.params))
            guard case .egressDecided(let event) = params.event else { return nil }
            return event
        }
    }

    private func decision(
        _ host: String, verdict: EgressDecision.Verdict = .deny, reason: EgressReason = .noRule, rule: String? = nil,
        path: String? = nil, up: Int = 0, down: Int = 0
    ) -> EgressDecision {
        EgressDecision(
            id: 1, phase: .closed, verdict: verdict, reason: reason, ruleId: rule, scheme: .https, host: host,
            port: 443,
            method: nil, path: path, bytesUp: up, bytesDown: down)
    }

    @Test func theFirstIsTellsEverything() async throws {
        let events = try await recorded([
            decision("a.org", verdict: .allow, reason: .finished, rule: "r", path: "/x", up: 10, down: 20)
        ])
        #expect(
            events == [
                EgressDecided(
                    ruleId: "r", verdict: .allow, reason: "r allows it", scheme: "https", host: "a.org", port: 443,
                    path: "/x", bytesUp: 10, bytesDown: 20, phase: .closed)
            ])
    }

    @Test func equalOnesAreCountedAndTheirBytesAddedUp() async throws {
        let one = decision("a.org", verdict: .allow, reason: .finished, rule: "r", up: 3, down: 5)
        let events = try await recorded(Array(repeating: one, count: 1000), inParallel: 4)
        #expect(events.count == 2)
        #expect(events.map { $0.count ?? 1 } == [1, 999])
        #expect(events.map(\.bytesUp).reduce(0, +) == 3000)
        #expect(events.map(\.bytesDown).reduce(0, +) == 5000)
    }

    @Test func differentOnesAreToldApartUpToABound() async throws {
        let decisions = (0..<5000).map { decision("host\($0).org") }
        let events = try await recorded(decisions)
        #expect(events.count == DecisionLog.mostKinds + 1)
        #expect(events.map { $0.count ?? 1 }.reduce(0, +) == 5000)
        #expect(events.last?.host == "")
    }

    @Test func refusalsAreTakenOnceAndAreFew() async throws {
        let folder = try TemporaryFolder()
        let store = try Store(path: "\(folder.path)/sessions.sqlite")
        let decisionLog = DecisionLog(try EventLog(sessionId: "none", store: store), window: Self.window)
        decisionLog.record(decision("a.org", verdict: .allow, reason: .finished, rule: "r"))
        #expect(decisionLog.takeRefusals() == [])
        for _ in 0..<3 { decisionLog.record(decision("a.org", path: "/x")) }
        #expect(decisionLog.takeRefusals() == ["https://a.org:443/x: no rule allows this host and port"])
        #expect(decisionLog.takeRefusals() == [])
        for number in 0..<50 { decisionLog.record(decision("host\(number).org")) }
        #expect(decisionLog.takeRefusals().count == 11)
        #expect(decisionLog.takeRefusals() == [])
    }

    @Test func pathsAndHostsAreCapped() async throws {
        let long = String(repeating: "é", count: 10_000)
        let events = try await recorded([decision(long, path: "/\(long)")])
        #expect(events[0].host.utf8.count <= 262)
        #expect((events[0].path ?? "").utf8.count <= 262)
    }

    @Test func aSumNamesAPathOnlyWhenAllHadIt() async throws {
        let same = try await recorded(Array(repeating: decision("a.org", path: "/x"), count: 3))
        #expect(same.map(\.path) == ["/x", "/x"])
        let mixed = try await recorded(["/x", "/y", "/z"].map { decision("a.org", path: $0) })
        #expect(mixed.map(\.path) == ["/x", nil])
    }
}
