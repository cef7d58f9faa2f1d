import AgentProtocol
import JSON
import JSONRPC
import ServiceClient
import Testing

@testable import Service

@Suite struct SessionTests {
    @Test func initializeComesFirst() async throws {
        try await TestService.with { service in
            let client = try await RPCClient.connect(to: service, initializes: false)
            await #expect(
                throws: ResponseError(code: .serverNotInitialized, message: "the first request must be initialize")
            ) {
                try await client.connection.request(AgentList.self, .init())
            }
            let result = try await client.connection.request(
                ServiceInitialize.self, .init(clientInfo: ProgramInfo(name: "x"), capabilities: ClientCapabilities()))
            #expect(result.protocolVersion == 1)
            #expect(result.serverInfo.name == "cofferdamd")
            #expect(result.models == ["fake-model"])
            #expect(try await client.connection.request(AgentList.self, .init()).sessions.isEmpty)
            let again = await #expect(throws: ResponseError.self) {
                try await client.connection.request(
                    ServiceInitialize.self,
                    .init(clientInfo: ProgramInfo(name: "x"), capabilities: ClientCapabilities()))
            }
            #expect(again?.code == .invalidRequest)
            await client.close()
        }
    }

    @Test func otherProtocolVersionsAreRefused() async throws {
        try await TestService.with { service in
            let client = try await RPCClient.connect(to: service, initializes: false)
            let error = await #expect(throws: ResponseError.self) {
                try await client.connection.request(
                    ServiceInitialize.self,
                    .init(protocolVersion: 2, clientInfo: ProgramInfo(name: "x"), capabilities: ClientCapabilities()))
            }
            #expect(error?.code == .invalidParams)
            #expect(error?.data?["supported"] == [1])
            // Not initialized by that.
            let list = await #expect(throws: ResponseError.self) {
                try await client.connection.request(AgentList.self, .init())
            }
            #expect(list?.code == .serverNotInitialized)
            await client.close()
        }
    }

    @Test func wrongParamsAndMethods() async throws {
        try await TestService.with { service in
            let client = try await RPCClient.connect(to: service)
            let params = await #expect(throws: ResponseError.self) {
                try await client.connection.requestRaw("agent/prompt", ["sessionId": 7])
            }
            #expect(params?.code == .invalidParams)
            #expect(params?.message.contains("sessionId") == true)
            let method = await #expect(throws: ResponseError.self) {
                try await client.connection.requestRaw("agent/unknown", nil)
            }
            #expect(method?.code == .methodNotFound)
            await client.close()
        }
    }

    @Test func requestsCanBeCancelled() async throws {
        try await TestService.with { service in
            service.backend.holdStarts()
            let client = try await RPCClient.connect(to: service)
            let start = Task {
                try await client.connection.request(AgentStart.self, .init(prompt: "p", workspaceFolder: "/w"))
            }
            // Answered beside the start, which is under way by then: requests begin in order.
            _ = try await client.connection.request(AgentList.self, .init())
            #expect(service.backend.startCount == 1)
            start.cancel()
            await #expect(throws: CancellationError.self) { try await start.value }
            let reply = await client.messages.first { $0["error"]?["code"] == -32800 }
            #expect(reply != nil)
            await client.close()
        }
    }

    @Test func attachIsAnsweredBeforeItsEvents() async throws {
        try await TestService.with { service in
            service.backend.append(1000, to: "s")
            let client = try await RPCClient.connect(to: service)
            for _ in 0..<20 {
                let before = client.messages.all.count
                let result = try await client.connection.request(AgentAttach.self, .init(sessionId: "s", afterSeq: 0))
                #expect(result.seq == 1000)
                _ = await client.messages.first { $0["params"]?["seq"] == 1000 }
                let mine = client.messages.all[before...].drop { $0["result"]?["seq"] == nil }
                // After the reply: from the beginning, once each, in order.
                #expect(mine.dropFirst().prefix(1000).compactMap { $0["params"]?["seq"]?.intValue } == Array(1...1000))
                // What came before it can only be the end of the attachment before.
                #expect(client.messages.all[before...].first?["result"]?["seq"] != nil)
            }
            await client.close()
        }
    }

    @Test func attachingInTheMiddle() async throws {
        try await TestService.with { service in
            service.backend.append(10, to: "s")
            let client = try await RPCClient.connect(to: service)
            _ = try await client.connection.request(AgentAttach.self, .init(sessionId: "s", afterSeq: 7))
            service.backend.append(2, to: "s")
            _ = await client.messages.first { $0["params"]?["seq"] == 12 }
            #expect(client.messages.all.compactMap { $0["params"]?["seq"]?.intValue } == [8, 9, 10, 11, 12])
            await client.close()
        }
    }

    @Test(arguments: [-1, 11]) func attachingOutsideOfTheLog(_ seq: Int) async throws {
        try await TestService.with { service in
            service.backend.append(10, to: "s")
            let client = try await RPCClient.connect(to: service)
            let error = await #expect(throws: ResponseError.self) {
                try await client.connection.request(AgentAttach.self, .init(sessionId: "s", afterSeq: seq))
            }
            #expect(error?.code == .invalidParams)
            await client.close()
        }
    }

    @Test func unknownSessionsCannotBeAttachedTo() async throws {
        try await TestService.with { service in
            let client = try await RPCClient.connect(to: service)
            await #expect(throws: ResponseError(code: .requestFailed, message: "no session nope")) {
                try await client.connection.request(AgentAttach.self, .init(sessionId: "nope"))
            }
            await client.close()
        }
    }

    @Test func detachStopsTheEvents() async throws {
        try await TestService.with { service in
            service.backend.append(1, to: "s")
            let client = try await RPCClient.connect(to: service)
            _ = try await client.connection.request(AgentAttach.self, .init(sessionId: "s", afterSeq: 0))
            _ = await client.messages.first { $0["params"]?["seq"] == 1 }
            _ = try await client.connection.request(AgentDetach.self, SessionReference(sessionId: "s"))
            service.backend.append(5, to: "s")
            _ = try await client.connection.request(AgentList.self, .init())
            #expect(client.messages.all.compactMap { $0["params"]?["seq"]?.intValue } == [1])
            await client.close()
        }
    }

    @Test func attachmentsAreBounded() async throws {
        try await TestService.with(configure: { $0.limits.maxAttachments = 2 }) { service in
            for session in ["a", "b", "c"] { service.backend.append(1, to: session) }
            let client = try await RPCClient.connect(to: service)
            for session in ["a", "b", "a"] {
                _ = try await client.connection.request(AgentAttach.self, .init(sessionId: session, afterSeq: 0))
            }
            let error = await #expect(throws: ResponseError.self) {
                try await client.connection.request(AgentAttach.self, .init(sessionId: "c", afterSeq: 0))
            }
            #expect(error?.code == .overloaded)
            await client.close()
        }
    }

    /// A client that does not read gets the whole log later; meanwhile the service holds little for it, and another client
    /// is not slowed.
    @Test func slowReaders() async throws {
        try await TestService.with { service in
            let count = 50_000
            let slow = try await RawClient.webSocket(to: service.address)
            try await slow.sendFrame(
                0x81,
                Array(
                    #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientInfo":{"name":"slow"},"capabilities":{}}}"#
                        .utf8))
            _ = try await slow.readFrame()
            service.backend.append(count, to: "s", bytes: 1000)
            slow.pause()
            try await slow.sendFrame(
                0x81, Array(#"{"jsonrpc":"2.0","id":2,"method":"agent/attach","params":{"sessionId":"s"}}"#.utf8))

            let recorder = ProgressRecorder()
            let fast = service.client(ServiceClientHandlers(progress: { recorder.record($0) }))
            _ = try await fast.attach("s", afterSeq: count - 1000)
            await recorder.wait(for: count, of: "s")
            #expect(recorder.seqs("s") == Array(count - 999...count))
            await fast.close()

            // The slow one's pump stands still: 50 MB are far more than the service and the system may hold for it.
            let sent = service.endpoint.metrics.samples.first { $0.name == "cofferdam_events_sent_total" }?.value ?? 0
            #expect(Int(sent) > 1000)
            #expect(Int(sent) < count)

            slow.resume()
            var seqs: [Int] = []
            while seqs.count < count {
                let (first, payload) = try await slow.readFrame()
                guard first == 0x81 else { continue }  // a ping, of a service that has waited for long
                let json = try JSON(parsing: payload)
                if let seq = json["params"]?["seq"]?.intValue { seqs.append(seq) }
            }
            #expect(seqs == Array(1...count))
            slow.close()
        }
    }
}
