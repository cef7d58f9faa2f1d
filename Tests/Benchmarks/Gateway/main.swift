import Egress
import NIOCore
import NIOPosix

// Prints the samples of every measurement as one JSON object; `measure_egress.py` makes figures of them.

/// Knows the one name.
struct OneName: NameResolver {
    func addresses(of name: String) async throws -> [IPAddress] { [.v4(0x7F00_0001)] }
}

let host = Host()
let gateway = EgressGateway(
    sessionId: "benchmark",
    rules: [EgressRule(id: "host", scheme: .tcp, host: "host.test", port: Int(host.port), allowPrivate: true)],
    resolver: OneName(), observer: { _ in }, eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: 1))
let proxy = Sockets.listen()
Sockets.serve(proxy.descriptor) { [gateway] in gateway.serve(descriptor: $0, kind: .http) }
var benchmark = GatewayBenchmark(host: host, proxyPort: proxy.port)
print(benchmark.run().text)
