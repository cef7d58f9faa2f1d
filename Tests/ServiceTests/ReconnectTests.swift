import AgentProtocol
import JSONRPC
import ServiceClient
import Synchronization
import Testing

@testable import Service

@Suite struct ReconnectTests {
    /// The service is restarted, and connections cut, while events come: each is delivered once, in order.
    @Test func everyEventOnceAcrossRestarts() async throws {
        try await withTemporaryDirectory { directory in
            let backend = FakeBackend()
            let address = ListenAddress.unix(path: directory + "/s")
            backend.append(100, to: "a")
            backend.append(100, to: "b")
            var service = try await TestService.start(backend, on: address)
            let recorder = ProgressRecorder()
            let states = Record<ServiceConnectionState>()
            let client = TestService.client(
                service.url,
                ServiceClientHandlers(progress: { recorder.record($0) }, connectionChanged: { states.add($0) }))
            _ = try await client.attach("a", afterSeq: 0)
            _ = try await client.attach("b", afterSeq: 50)
            for round in 1...4 {
                await service.endpoint.stop()
                _ = await states.first { if case .reconnecting = $0 { true } else { false } }
                backend.append(100, to: "a")
                backend.append(100, to: "b")
                service = try await TestService.start(backend, on: address)
                await recorder.wait(for: 100 * (round + 1), of: "a")
                await recorder.wait(for: 100 * (round + 1), of: "b")
            }
            #expect(recorder.seqs("a") == Array(1...500))
            #expect(recorder.seqs("b") == Array(51...500))
            await client.close()
            await service.endpoint.stop()
        }
    }

    /// Cut in the middle of a replay, again and again.
    @Test func everyEventOnceAcrossCuts() async throws {
        try await TestService.with { service in
            let count = 20_000
            service.backend.append(count, to: "s", bytes: 100)
            let recorder = ProgressRecorder()
            let client = service.client(ServiceClientHandlers(progress: { recorder.record($0) }))
            _ = try await client.attach("s", afterSeq: 0)
            for part in 1...10 {
                await recorder.wait(for: part * count / 11, of: "s")
                service.endpoint.cutClients()
            }
            await recorder.wait(for: count, of: "s")
            #expect(recorder.seqs("s") == Array(1...count))
            await client.close()
        }
    }

    /// A handler that is slow, and calls the service itself, holds neither the connection up nor loses events.
    @Test func slowHandlers() async throws {
        try await TestService.with { service in
            let count = 3000
            service.backend.append(count, to: "s")
            let recorder = ProgressRecorder()
            let box = ClientBox()
            let client = service.client(
                ServiceClientHandlers(progress: { params in
                    if params.seq % 500 == 1 {
                        _ = try? await box.client?.call(AgentList.self, .init())
                    } else if params.seq % 10 == 0 {
                        await Task.yield()
                    }
                    recorder.record(params)
                }))
            box.set(client)
            _ = try await client.attach("s", afterSeq: 0)
            await recorder.wait(for: count, of: "s")
            #expect(recorder.seqs("s") == Array(1...count))
            await client.close()
        }
    }

    /// What was under way when the connection broke fails, unless it may be repeated.
    @Test func requestsUnderWay() async throws {
        try await TestService.with { service in
            service.backend.holdStarts()
            let client = service.client()
            let start = Task { try await client.call(AgentStart.self, .init(prompt: "p", workspaceFolder: "/w")) }
            while service.backend.startCount == 0 { await Task.yield() }
            service.endpoint.cutClients()
            await #expect(throws: ServiceClientError.connectionLost(method: "agent/start")) { try await start.value }
            // The next call connects again.
            let list = try await client.call(AgentList.self, .init())
            #expect(list.sessions.isEmpty)

            let repeatable = Task {
                try await client.call(
                    AgentStart.self, .init(prompt: "p", workspaceFolder: "/w", idempotencyKey: "k"))
            }
            while service.backend.startCount < 2 { await Task.yield() }
            service.endpoint.cutClients()
            while service.backend.startCount < 3 { await Task.yield() }
            repeatable.cancel()
            _ = await repeatable.result
            await client.close()
        }
    }

    @Test func refusalsAreClear() async throws {
        try await TestService.with { service in
            let client = service.client(token: "wrong-wrong-wrong-wrong")
            await #expect(throws: ServiceClientError.unauthorized(service: service.url.description)) {
                try await client.call(AgentList.self, .init())
            }
            await client.close()
            await #expect(throws: ServiceClientError.closed) { try await client.call(AgentList.self, .init()) }
        }
        try await withTemporaryDirectory { directory in
            let client = TestService.client(.unix(path: directory + "/nothing"))
            let error = await #expect(throws: ServiceClientError.self) {
                try await client.call(AgentList.self, .init())
            }
            #expect("\(String(describing: error))".contains("nothing"))
            await client.close()
        }
    }

    /// The session is gone after the restart: the follower is told.
    @Test func sessionsThatAreGone() async throws {
        try await withTemporaryDirectory { directory in
            let address = ListenAddress.unix(path: directory + "/s")
            let backend = FakeBackend()
            backend.append(3, to: "s")
            let first = try await TestService.start(backend, on: address)
            let gone = Record<String>()
            let client = TestService.client(
                first.url, ServiceClientHandlers(detached: { session, _ in gone.add(session) }))
            _ = try await client.attach("s", afterSeq: 0)
            await first.endpoint.stop()
            let second = try await TestService.start(FakeBackend(), on: address)
            #expect(await gone.first { _ in true } == "s")
            await client.close()
            await second.endpoint.stop()
        }
    }
}

/// The client, for its own handlers.
private final class ClientBox: Sendable {
    private let box = Mutex<ServiceClient?>(nil)

    var client: ServiceClient? { box.withLock { $0 } }
    func set(_ client: ServiceClient) { box.withLock { $0 = client } }
}
