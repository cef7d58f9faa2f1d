import AgentProtocol
import JSONRPC

extension ClientConnection {
    /// Every method of the service. What must keep its order with other messages is serial; what may take long is not.
    nonisolated func router() -> Router {
        var router = Router()
        let backend = backend
        let user = identity.name ?? ""
        router.beforeDispatch = { method, isRequest throws(ResponseError) in
            guard method != ServiceInitialize.method, !self.isInitialized.withLock({ $0 }) else { return }
            throw ResponseError(code: .serverNotInitialized, message: "the first request must be initialize")
        }
        router.on(ServiceInitialize.self, .serial) { params, _ in try await self.initialize(params) }
        router.on(AgentAttach.self, .serial) { params, context in try await self.attach(params, context.id) }
        router.on(AgentDetach.self, .serial) { params, _ in
            await self.detach(params.sessionId)
            return Empty()
        }
        router.on(AgentPrompt.self, .serial) { params, _ in try await backend.prompt(params) }
        router.on(AgentStart.self, .concurrent) { params, _ in try await backend.start(params, user: user) }
        router.on(WorkspaceNegotiate.self, .concurrent) { params, _ in
            try await backend.negotiate(params, user: user)
        }
        router.on(WorkspaceUpload.self, .concurrent) { params, _ in try await backend.upload(params, user: user) }
        router.on(AgentCancel.self, .concurrent) { params, _ in
            try await backend.cancel(params)
            return Empty()
        }
        router.on(AgentStop.self, .concurrent) { params, _ in
            try await backend.stop(params)
            return Empty()
        }
        router.on(AgentList.self, .concurrent) { params, _ in try await backend.list(params) }
        router.on(AgentApprove.self, .concurrent) { params, _ in
            try await backend.approve(params, client: await self.displayName)
        }
        router.on(AgentFork.self, .concurrent) { params, _ in try await backend.fork(params, user: user) }
        router.on(AgentRestore.self, .concurrent) { params, _ in try await backend.restore(params) }
        router.on(AgentUsage.self, .concurrent) { params, _ in try await backend.usage(params) }
        router.on(AgentModels.self, .concurrent) { _, _ in await backend.modelList() }
        router.on(AgentSteps.self, .concurrent) { params, _ in try await backend.steps(params) }
        router.on(AgentObjects.self, .concurrent) { params, _ in try await backend.objects(params) }
        router.on(AgentPack.self, .concurrent) { params, _ in try await backend.pack(params) }
        router.on(AgentRecording.self, .concurrent) { params, _ in try await backend.recording(params) }
        router.on(AgentDiff.self, .concurrent) { params, _ in try await backend.diff(params) }
        router.on(AgentPublish.self, .concurrent) { params, _ in
            try await backend.publish(params, client: await self.displayName)
        }
        router.on(AgentMerge.self, .concurrent) { params, _ in try await backend.merge(params) }
        router.on(AgentEgress.self, .concurrent) { params, _ in
            try await backend.egress(params, client: await self.displayName)
        }
        router.on(AgentApplied.self, .concurrent) { params, _ in
            try await backend.applied(params, client: await self.displayName)
            return Empty()
        }
        return router
    }
}
