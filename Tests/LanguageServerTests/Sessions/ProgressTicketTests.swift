import Testing

@testable import LanguageServer

@Suite struct ProgressTicketTests {
    @Test func beginsOnceAndEndsOnce() {
        var ticket = ProgressTicket(token: "t", message: "start")
        #expect(ticket.update("early") == [], "nothing before the client knows the token")
        #expect(ticket.created() == [.begin(message: "early"), .startPause])
        #expect(ticket.created() == [])
        #expect(ticket.finish("done") == [.end(message: "done")])
        #expect(ticket.finish("done") == [])
        #expect(ticket.update("late") == [])
        #expect(ticket.paused() == [])
    }

    @Test func endBeforeCreationStillBeginsFirst() {
        var ticket = ProgressTicket(token: "t", message: "start")
        #expect(ticket.finish("done") == [])
        #expect(ticket.finish("done again") == [])
        #expect(ticket.created() == [.begin(message: "start"), .end(message: "done")])
    }

    @Test func reportsTheNewestOnceAPause() {
        var ticket = ProgressTicket(token: "t", message: "0")
        _ = ticket.created()
        #expect(ticket.update("1") == [])
        #expect(ticket.update("2") == [])
        #expect(ticket.paused() == [.report(message: "2"), .startPause])
        #expect(ticket.paused() == [], "nothing new")
        #expect(ticket.update("3") == [.report(message: "3"), .startPause], "no pause is running")
        #expect(ticket.update("2") == [])
        #expect(ticket.update("3") == [])
        #expect(ticket.paused() == [], "back to what is shown")
    }
}
