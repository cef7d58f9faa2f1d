import AgentProtocol
import JSONRPC
import ServiceClient
import Testing

@testable import Service

@Suite struct ApprovalTests {
    /// A user that answers when the test says so.
    private final class User: Sendable {
        let asked = Record<String>()
        let withdrawn = Record<String>()
        let answers = AsyncStream.makeStream(of: AgentApproveAsk.Result.self)

        var handlers: ServiceClientHandlers {
            ServiceClientHandlers(approve: { params in
                self.asked.add(params.approval.approvalId)
                for await answer in self.answers.stream { return answer }
                self.withdrawn.add(params.approval.approvalId)
                throw CancellationError()
            })
        }

        func answer(_ decision: ApprovalDecision) { answers.continuation.yield(.init(decision: decision)) }
    }

    @Test func theFirstAnswerWins() async throws {
        try await TestService.with { service in
            service.backend.append(1, to: "s")
            let (first, second) = (User(), User())
            let one = service.client(first.handlers, name: "one")
            let two = service.client(second.handlers, name: "two", token: "alice-0123456789abcdef")
            _ = try await one.attach("s", afterSeq: 0)
            _ = try await two.attach("s", afterSeq: 0)
            service.backend.makePending(.example("a1"), in: "s")
            #expect(await first.asked.first { _ in true } == "a1")
            #expect(await second.asked.first { _ in true } == "a1")
            second.answer(.allowOnce)
            // The other user's question is withdrawn.
            #expect(await first.withdrawn.first { _ in true } == "a1")
            #expect(service.backend.answeringClients == ["two (alice)"])
            #expect(second.withdrawn.all.isEmpty)

            // A late answer by the other way is told who won.
            let late = try await one.call(
                AgentApprove.self, .init(sessionId: "s", approvalId: "a1", decision: .reject))
            #expect(late.accepted == false)
            #expect(late.resolution.answeredBy == "two (alice)")
            await one.close()
            await two.close()
        }
    }

    @Test func approvalsThatWaitAreAskedOnAttach() async throws {
        try await TestService.with { service in
            service.backend.append(1, to: "s")
            service.backend.makePending(.example("a1"), in: "s")
            let user = User()
            let client = service.client(user.handlers)
            _ = try await client.attach("s", afterSeq: 0)
            #expect(await user.asked.first { _ in true } == "a1")
            // Answered out of band by the same client: withdrawn, and not asked again.
            let result = try await client.call(
                AgentApprove.self, .init(sessionId: "s", approvalId: "a1", decision: .reject))
            #expect(result.accepted)
            #expect(await user.withdrawn.first { _ in true } == "a1")
            _ = try await client.attach("s", afterSeq: 0)
            service.backend.makePending(.example("a2"), in: "s")
            #expect(await user.asked.first { $0 != "a1" } == "a2")
            #expect(user.asked.all == ["a1", "a2"])
            await client.close()
        }
    }

    /// Only clients that said they can, and only for sessions that they follow.
    @Test func othersAreNotAsked() async throws {
        try await TestService.with { service in
            service.backend.append(1, to: "s")
            service.backend.append(1, to: "other")
            let user = User()
            let mute = try await RPCClient.connect(to: service)
            _ = try await mute.connection.request(AgentAttach.self, .init(sessionId: "s", afterSeq: 0))
            let elsewhere = try await RPCClient.connect(to: service, approve: true)
            _ = try await elsewhere.connection.request(AgentAttach.self, .init(sessionId: "other", afterSeq: 0))
            let asked = service.client(user.handlers)
            _ = try await asked.attach("s", afterSeq: 0)
            service.backend.makePending(.example("a1"), in: "s")
            _ = await user.asked.first { _ in true }
            user.answer(.allowOnce)
            _ = try await mute.connection.request(AgentList.self, .init())
            _ = try await elsewhere.connection.request(AgentList.self, .init())
            for client in [mute, elsewhere] {
                #expect(!client.messages.all.contains { $0["method"] == "agent/approve" })
                await client.close()
            }
            await asked.close()
        }
    }

    /// A client that cannot ask after all leaves the approval to others.
    @Test func failingClients() async throws {
        try await TestService.with { service in
            service.backend.append(1, to: "s")
            let failed = Record<Bool>()
            let client = service.client(
                ServiceClientHandlers(approve: { _ in
                    failed.add(true)
                    throw ResponseError(code: .requestFailed, message: "no user here")
                }))
            _ = try await client.attach("s", afterSeq: 0)
            service.backend.makePending(.example("a1"), in: "s")
            _ = await failed.first { _ in true }
            let result = try await client.call(
                AgentApprove.self, .init(sessionId: "s", approvalId: "a1", decision: .allowOnce))
            #expect(result.accepted)
            #expect(service.backend.answers.count == 1)
            await client.close()
        }
    }
}
