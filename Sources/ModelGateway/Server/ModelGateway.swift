import Models
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The vendors' APIs for the programs of one session's sandbox: it is handed the connections that they make to the
/// gateway's port there, and answers by the session's models. Programs need no key but the session's token.
///
/// Everything on these connections is hostile.
public final class ModelGateway: Sendable {
    private struct State {
        var connections: [Int: Task<Void, Never>] = [:]
        var next = 0
        var count = 0
        var isClosed = false
    }

    private let routes: GatewayRoutes
    private let limits: ModelGatewayLimits
    private let answers: AnswerStream
    private let admission: Admission
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    /// - Parameters:
    ///   - token: what programs must show; good for this session only, as its connections come nowhere else.
    ///   - eventLoopGroup: loops on which nothing else waits: a sandbox can make its end of a connection slow.
    public init(
        sessionId: String, token: String, models: any ModelAccess, limits: ModelGatewayLimits = ModelGatewayLimits(),
        eventLoopGroup: any EventLoopGroup
    ) {
        routes = GatewayRoutes(token: Array(token.utf8), limits: limits)
        answers = AnswerStream(sessionId: sessionId, models: models, memory: ReasoningMemory())
        admission = Admission(limits)
        self.limits = limits
        group = eventLoopGroup
    }

    /// Takes a connected socket and owns it from now on.
    public func serve(descriptor: Int32) {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.count < limits.maximumConnections else { return false }
            state.count += 1
            return true
        }
        guard isTaken else {
            _ = Glibc.close(descriptor)
            return
        }
        let task = Task { await run(descriptor) }
        let id = state.withLock { state in
            state.next += 1
            state.connections[state.next] = task
            if state.isClosed { task.cancel() }
            return state.next
        }
        Task {
            await task.value
            state.withLock { state in
                state.connections[id] = nil
                state.count -= 1
            }
        }
    }

    private func run(_ descriptor: Int32) async {
        do {
            let channel = try await ClientBootstrap(group: group).withConnectedSocket(descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: true)
                    return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                        wrappingChannelSynchronously: channel)
                }
            }
            let connection = GatewayConnection(
                channel: channel, routes: routes, limits: limits, answers: answers, admission: admission)
            try await connection.run()
        } catch {
            // The program is gone: there is nobody to tell.
        }
    }

    /// Ends every request and takes no more: the token is good for nothing from now on.
    public func close() async {
        admission.close()
        let tasks = state.withLock { state in
            state.isClosed = true
            return Array(state.connections.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
