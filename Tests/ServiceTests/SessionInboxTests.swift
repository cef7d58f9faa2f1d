import AgentProtocol
import Testing

@testable import ServiceClient

@Suite struct SessionInboxTests {
    private func event(_ seq: Int) -> AgentProgress.Params {
        AgentProgress.Params(
            sessionId: "s", seq: seq, time: 0, event: .messageDelta(MessageDelta(itemId: "m", text: "")))
    }

    private func nextSeq(_ inbox: SessionInbox) async -> Int? {
        if case .event(let params) = await inbox.next() { return params.seq }
        return nil
    }

    @Test func copiesAreDropped() async {
        let inbox = SessionInbox(afterSeq: 2, limits: .init(events: 10))
        for seq in [1, 2, 3, 3, 2, 4] { #expect(inbox.take(event(seq), bytes: 1) == .ok) }
        #expect(await nextSeq(inbox) == 3)
        #expect(await nextSeq(inbox) == 4)
        #expect(inbox.lastSeq == 4)
    }

    @Test func aFullInboxResumesWhenHalfEmpty() async {
        let inbox = SessionInbox(afterSeq: 0, limits: .init(events: 4))
        for seq in 1...4 { #expect(inbox.take(event(seq), bytes: 1) == .ok) }
        #expect(inbox.take(event(5), bytes: 1) == .overflow)
        // Told once; what follows is dropped.
        #expect(inbox.take(event(6), bytes: 1) == .ok)
        #expect(await nextSeq(inbox) == 1)
        #expect(await nextSeq(inbox) == 2)
        guard case .resume(afterSeq: 4) = await inbox.next() else {
            Issue.record("no resume")
            return
        }
        // Left over from before the resume.
        #expect(inbox.take(event(7), bytes: 1) == .ok)
        #expect(inbox.take(event(5), bytes: 1) == .ok)
        #expect(inbox.take(event(6), bytes: 1) == .ok)
        for seq in 3...6 { #expect(await nextSeq(inbox) == seq) }
    }

    @Test func bytesAreBounded() async {
        let inbox = SessionInbox(afterSeq: 0, limits: .init(events: 100, bytes: 10))
        #expect(inbox.take(event(1), bytes: 9) == .ok)
        #expect(inbox.take(event(2), bytes: 9) == .ok)
        #expect(inbox.take(event(3), bytes: 1) == .overflow)
        #expect(await nextSeq(inbox) == 1)
        #expect(await nextSeq(inbox) == 2)
        guard case .resume(afterSeq: 2) = await inbox.next() else {
            Issue.record("no resume")
            return
        }
    }

    @Test func aHoleIsFetched() async {
        let inbox = SessionInbox(afterSeq: 0, limits: .init(events: 4))
        #expect(inbox.take(event(1), bytes: 1) == .ok)
        #expect(inbox.take(event(3), bytes: 1) == .overflow)
        guard case .resume(afterSeq: 1) = await inbox.next() else {
            Issue.record("no resume")
            return
        }
        #expect(await nextSeq(inbox) == 1)
    }

    @Test func aGapEventFillsAHole() async {
        let inbox = SessionInbox(afterSeq: 3, limits: .init(events: 4))
        let gap = AgentProgress.Params(
            sessionId: "s", seq: 9, time: 0, event: .gap(Gap(from: 4, to: 9, reason: "lost")))
        #expect(inbox.take(gap, bytes: 1) == .ok)
        #expect(inbox.take(event(10), bytes: 1) == .ok)
        #expect(await nextSeq(inbox) == 9)
        #expect(await nextSeq(inbox) == 10)
    }

    @Test func theEndWakesTheConsumer() async {
        let inbox = SessionInbox(afterSeq: 0, limits: .init(events: 4))
        let waiting = Task { await inbox.next() }
        inbox.end()
        guard case .end = await waiting.value else {
            Issue.record("not ended")
            return
        }
        #expect(inbox.take(event(1), bytes: 1) == .ok)
    }
}
