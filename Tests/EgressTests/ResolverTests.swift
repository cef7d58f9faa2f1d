import Synchronization
import TestSupport
import Testing

@testable import Egress

@Suite struct ResolverTests {
    @Test func hostsFileIsReadLikeTheSystems() {
        let text = """
            # comment
            127.0.0.1 localhost
            10.1.2.3\tapi.example  Other.Example. # 9.9.9.9 not.example
            ::1 localhost ip6-localhost
            bad api.example
            10.1.2.4 api.example
            """
        let bytes = Array(text.utf8)
        #expect(HostsFile.addresses(of: "api.example", in: bytes)?.map(\.description) == ["10.1.2.3", "10.1.2.4"])
        #expect(HostsFile.addresses(of: "other.example", in: bytes)?.map(\.description) == ["10.1.2.3"])
        #expect(HostsFile.addresses(of: "localhost", in: bytes)?.map(\.description) == ["127.0.0.1", "::1"])
        #expect(HostsFile.addresses(of: "not.example", in: bytes) == nil)
        #expect(HostsFile.addresses(of: "example", in: bytes) == nil)
    }

    @Test func theSystemsNamesResolve() async throws {
        #expect(try await SystemResolver.shared.addresses(of: "localhost").contains(.v4(0x7F00_0001)))
        await #expect(throws: NameResolutionError.self) {
            try await SystemResolver.shared.addresses(of: "no-such-host.invalid")
        }
    }

    @Test func manyAskersAreOneQuestion() async throws {
        let counter = Counter()
        let resolver = SystemResolver { name in
            counter.add()
            return .success([.v4(1)])
        }
        try await withThrowingTaskGroup(of: [IPAddress].self) { group in
            for _ in 0..<50 { group.addTask { try await resolver.addresses(of: "a.example") } }
            for try await addresses in group { #expect(addresses == [.v4(1)]) }
        }
        #expect(counter.value == 1)
        _ = try await resolver.addresses(of: "b.example")
        #expect(counter.value == 2)
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }
}
