import AgentProtocol
import JSON
import Store
import Testing
import TestSupport

@Suite("Event log", .timeLimit(.minutes(10)))
struct EventLogTests {
    @Test("Events come back as they were logged, in order, from 1 without holes")
    func roundTrip() async throws {
        let test = try TestStore()
        let log = try test.log()
        let events: [AgentEvent] = [
            .sessionStatus(SessionStatusEvent(state: .starting)),
            .messageDelta(MessageDelta(itemId: "m", text: "ä \u{0} \u{1F600} \"\\")),
            .outputDelta(OutputDelta(itemId: "t", stream: .stderr, offset: 7, base64: "/w==")),
        ]
        for (index, event) in events.enumerated() { #expect(try await log.append(event) == index + 1) }
        let read = try await log.events(afterSeq: 0, limit: 100).map(decode)
        #expect(read.map(\.event) == events)
        #expect(read.map(\.seq) == [1, 2, 3])
        #expect(read.allSatisfy { $0.sessionId == "s" && $0.time > 1_600_000_000_000 })
        #expect(try test.store.events(of: "s", afterSeq: 0, limit: 100).map(decode) == read)
        #expect(await log.seq == 3)
    }

    @Test("A page holds at most what was asked for, and at least one event")
    func pages() async throws {
        let test = try TestStore()
        let log = try test.log()
        for number in 1...10 { try await log.append(delta(number)) }
        #expect(try await log.events(afterSeq: 3, limit: 4).map(\.seq) == [4, 5, 6, 7])
        #expect(try await log.events(afterSeq: 9, limit: 4).map(\.seq) == [10])
        #expect(try await log.events(afterSeq: 3, limit: 0).map(\.seq) == [4])
        #expect(try await log.events(afterSeq: -5, limit: -1).map(\.seq) == [1])
    }

    @Test("Every reader, fast or slow, early or late, sees every event once and in order")
    func manyReaders() async throws {
        let test = try TestStore()
        let log = try test.log()
        let total = 1500  // several times what is kept in memory
        let collected = try await withThrowingTaskGroup(of: [Int].self) { group in
            for reader in 0..<24 {
                group.addTask {
                    // Late readers begin when much is no longer in memory; slow ones take one event at a time.
                    if reader % 3 == 2 { _ = try await log.events(afterSeq: reader * 40, limit: 1) }
                    var seen: [Int] = []
                    while seen.count < total {
                        let limit = [1, 7, 1000][reader % 3]
                        let events = try await log.events(afterSeq: seen.last ?? 0, limit: limit)
                        #expect(!events.isEmpty && events.count <= limit)
                        for event in events { #expect(decode(event).event == delta(event.seq)) }
                        seen += events.map(\.seq)
                        if reader % 4 == 1 { await Task.yield() }
                    }
                    return seen
                }
            }
            group.addTask {
                for number in 1...total { try await log.append(delta(number)) }
                return Array(1...total)
            }
            return try await group.reduce(into: [[Int]]()) { $0.append($1) }
        }
        #expect(collected.count == 25)
        for seen in collected { #expect(seen == Array(1...total)) }
    }

    @Test("A waiting reader ends when it is cancelled, and the log goes on")
    func cancellation() async throws {
        let test = try TestStore()
        let log = try test.log()
        let waiting = Task { try await log.events(afterSeq: 0, limit: 1) }
        let other = Task { try await log.events(afterSeq: 0, limit: 1).map(\.seq) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        try await log.append(delta(1))
        #expect(try await other.value == [1])
    }

    @Test("Closing ends every wait; what is stored can still be read")
    func closing() async throws {
        let test = try TestStore()
        let log = try test.log()
        try await log.append(delta(1))
        let waiting = (0..<5).map { _ in Task { try await log.events(afterSeq: 1, limit: 1) } }
        await log.close()
        for task in waiting { await #expect(throws: CancellationError.self) { try await task.value } }
        #expect(try await log.events(afterSeq: 0, limit: 10).map(\.seq) == [1])
        await #expect(throws: CancellationError.self) { try await log.events(afterSeq: 1, limit: 1) }
    }

    @Test("A log that is opened again goes on where the other ended")
    func reopening() async throws {
        let test = try TestStore()
        let log = try test.log()
        for number in 1...300 { try await log.append(delta(number)) }
        let again = try EventLog(sessionId: "s", store: test.store)
        #expect(await again.seq == 300)
        #expect(try await again.append(delta(301)) == 301)
        #expect(try await again.events(afterSeq: 298, limit: 10).map(\.seq) == [299, 300, 301])
        // Two writers cannot both have a place.
        await #expect(throws: StoreError.self) { try await log.append(delta(301)) }
        #expect(await log.seq == 300)
    }

    @Test("The first page of a hundred thousand events is there without the others")
    func manyEvents() async throws {
        let test = try TestStore()
        try test.store.save(record("s"))
        let total = 100_000
        for start in stride(from: 1, through: total, by: 10_000) {
            let events = (start..<(start + 10_000)).map { seq in
                LoggedEvent(seq: seq, params: Array(#"{"n":\#(seq)}"#.utf8))
            }
            try test.store.append(events, to: "s")
        }
        let log = try EventLog(sessionId: "s", store: test.store)
        #expect(await log.seq == total)
        #expect(try await log.events(afterSeq: 0, limit: 200).map(\.seq) == Array(1...200))
        #expect(try await log.events(afterSeq: total - 1, limit: 200).map(\.seq) == [total])
        var cursor = 0
        while cursor < total {
            let page = try await log.events(afterSeq: cursor, limit: 5000)
            #expect(page.first?.seq == cursor + 1)
            cursor = try #require(page.last?.seq)
        }
        #expect(cursor == total)
    }

    @Test("A page of large events ends at the byte limit, with at least one event")
    func byteLimit() throws {
        let test = try TestStore()
        try test.store.save(record("s"))
        let large = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
        try test.store.append((1...10).map { LoggedEvent(seq: $0, params: large) }, to: "s")
        #expect(try test.store.events(of: "s", afterSeq: 0, limit: 100, byteLimit: 2500).map(\.seq) == [1, 2, 3])
        #expect(try test.store.events(of: "s", afterSeq: 0, limit: 100, byteLimit: 1).map(\.seq) == [1])
    }
}

func delta(_ number: Int) -> AgentEvent { .messageDelta(MessageDelta(itemId: "m", text: "number \(number)")) }

func decode(_ event: LoggedEvent) -> AgentProgress.Params {
    do {
        return try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: event.params))
    } catch {
        Issue.record("event \(event.seq): \(error)")
        return AgentProgress.Params(sessionId: "", seq: 0, time: 0, event: .unknown(type: ""))
    }
}
