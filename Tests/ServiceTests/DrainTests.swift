import AgentProtocol
import JSONRPC
import ServiceClient
import Testing
import WebSocket

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct DrainTests {
    @Test func clientsAreToldAndTheBackendFirst() async throws {
        // Not TCP: a port that is free again may be another test's by the time it is tried.
        try await withTemporaryDirectory { directory in
            let service = try await TestService.start(on: .unix(path: directory + "/s"))
            let client = try await RPCClient.connect(to: service)
            await service.endpoint.drain(grace: .seconds(3))
            #expect(service.backend.drainGrace == .seconds(3))
            await client.running.value
            #expect(client.webSocket.closure?.origin == .remote)
            #expect(client.webSocket.closure?.code == .goingAway)
            await #expect(throws: (any Error).self) { try await RawClient.connect(to: service.address) }
        }
    }

    @Test func oneServiceAPath() async throws {
        try await withTemporaryDirectory { directory in
            let address = ListenAddress.unix(path: directory + "/s")
            let first = try await TestService.start(on: address)
            await #expect(throws: EndpointError.inUse(directory + "/s")) { try await TestService.start(on: address) }
            // Still the first one's.
            let client = first.client()
            _ = try await client.initializeResult()
            await client.close()
            await first.endpoint.stop()
            var status = stat()
            #expect(lstat(directory + "/s", &status) != 0)
            let second = try await TestService.start(on: address)
            await second.endpoint.stop()
        }
    }

    @Test func whatIsNoSocketStays() async throws {
        try await withTemporaryDirectory { directory in
            try SmallFile.replace(directory + "/s", with: [1], mode: 0o600)
            await #expect(throws: EndpointError.self) {
                try await TestService.start(on: .unix(path: directory + "/s"))
            }
            #expect(try SmallFile.read(directory + "/s", maxBytes: 10) == [1])
        }
    }

    @Test func longPathsAreRefused() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/" + String(repeating: "x", count: 108)
            let error = await #expect(throws: EndpointError.self) { try await TestService.start(on: .unix(path: path)) }
            #expect(error?.description.contains("107") == true)
        }
    }
}
