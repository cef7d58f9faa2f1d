import AgentProtocol
import GRDB
import Store
import Testing
import TestSupport

@Suite("Sessions in the store")
struct SessionStoreTests {
    @Test("A record is kept whole and replaced whole")
    func records() throws {
        let test = try TestStore()
        let store = test.store
        var session = record("a", key: "k")
        try store.save(session)
        #expect(try store.session("a") == session)
        session.state = .idle
        session.outcome = .verified
        session.applied = true
        session.updatedAt = 99
        try store.save(session)
        #expect(try store.session("a") == session)
        #expect(try store.session("b") == nil)
    }

    @Test("A key names one session; a second session cannot take it")
    func idempotencyKeys() throws {
        let test = try TestStore()
        let store = test.store
        try store.save(record("a", key: "k"))
        try store.save(record("b"))
        try store.save(record("c"))
        #expect(try store.session(idempotencyKey: "k")?.sessionId == "a")
        #expect(try store.session(idempotencyKey: "") == nil)
        #expect(throws: StoreError.self) { try store.save(record("d", key: "k")) }
        #expect(try store.session("d") == nil)
        try store.save(record("a", state: .idle, key: "k"))
        #expect(try store.session(idempotencyKey: "k")?.state == .idle)
    }

    @Test("Lists are newest first; pages join without a hole or a double, also where times are equal")
    func listing() throws {
        let test = try TestStore()
        let store = test.store
        for number in 0..<25 {
            let id = "s\(number < 10 ? "0" : "")\(number)"
            try store.save(record(id, workspace: number % 2 == 0 ? "/even" : "/odd", createdAt: number / 3))
        }
        var paged: [String] = []
        var cursor: String?
        while true {
            let page = try store.sessions(workspaceFolder: nil, before: cursor, limit: 4).map(\.sessionId)
            if page.isEmpty { break }
            #expect(page.count <= 4)
            paged += page
            cursor = page.last
        }
        #expect(paged == (0..<25).reversed().map { "s\($0 < 10 ? "0" : "")\($0)" })
        let even = try store.sessions(workspaceFolder: "/even", before: "s20", limit: 3).map(\.sessionId)
        #expect(even == ["s18", "s16", "s14"])
        #expect(try store.sessions(workspaceFolder: "/none", before: nil, limit: 10).isEmpty)
        #expect(try store.sessions(workspaceFolder: nil, before: "unknown", limit: 10).isEmpty)
        #expect(try store.sessions(workspaceFolder: "/e' OR '1'='1", before: nil, limit: 10).isEmpty)
    }

    @Test("Live sessions are those that had not ended")
    func live() throws {
        let test = try TestStore()
        let store = test.store
        for state in SessionState.allCases { try store.save(record(state.rawValue, state: state)) }
        #expect(
            Set(try store.liveSessions().sessionIds)
                == Set(SessionState.allCases.filter(\.isLive).map(\.rawValue)))
    }

    @Test("Several events are appended all or none; a session that is not there takes none")
    func atomicAppend() throws {
        let test = try TestStore()
        let store = test.store
        try store.save(record("s"))
        func event(_ seq: Int) -> LoggedEvent { LoggedEvent(seq: seq, params: Array("{}".utf8)) }
        try store.append([event(1), event(2)], to: "s")
        #expect(throws: StoreError.self) { try store.append([event(3), event(2)], to: "s") }
        #expect(try store.lastSeq(of: "s") == 2)
        #expect(throws: StoreError.self) { try store.append([event(1)], to: "unknown") }
        #expect(try store.lastSeq(of: "unknown") == 0)
    }

    @Test("A record that cannot be read hides no other, and is named")
    func unreadable() throws {
        let test = try TestStore()
        for (number, id) in ["a", "b", "c"].enumerated() { try test.store.save(record(id, createdAt: number)) }
        let other = try DatabaseQueue(path: "\(test.folder.path)/sessions.sqlite")
        try other.write { try $0.execute(sql: "UPDATE session SET record = '{\"sessionId\": 1}' WHERE id = 'b'") }
        #expect(try test.store.sessions(workspaceFolder: nil, before: nil, limit: 2).map(\.sessionId) == ["c", "a"])
        let live = try test.store.liveSessions()
        #expect(live.records.map(\.sessionId) == ["a", "c"])
        #expect(live.unreadable.map(\.sessionId) == ["b"])
        #expect(Set(live.sessionIds) == ["a", "b", "c"])
        #expect(throws: StoreError.self) { try test.store.session("b") }
    }

    @Test("Sessions that are over for long are found by their end; what is removed leaves nothing")
    func removal() throws {
        let test = try TestStore()
        for (id, state, ended) in [("old", .stopped, 50), ("older", .failed, 40), ("new", .stopped, 100)]
            as [(String, SessionState, Int)]
        {
            var session = record(id, state: state, createdAt: 10)
            session.updatedAt = ended
            try test.store.save(session)
        }
        var begun = record("s", state: .running, createdAt: 10)
        begun.updatedAt = 20
        try test.store.save(begun)
        #expect(Set(try test.store.ended(before: 60, limit: 10)) == ["old", "older"])
        #expect(try test.store.ended(before: 60, limit: 1).count == 1)
        #expect(try test.store.ended(before: 5, limit: 10).isEmpty)
        try test.store.append([LoggedEvent(seq: 1, params: Array("{}".utf8))], keeping: [], to: "s")
        try test.store.remove("s")
        #expect(try test.store.session("s") == nil)
        #expect(try test.store.lastSeq(of: "s") == 0)
    }
}
