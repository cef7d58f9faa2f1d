import Sandbox

/// A sandbox that was started before its session was: used only where the session would make exactly the same.
public struct PreparedSandbox: Sendable {
    public var spec: SandboxSpec
    public var sandbox: any Sandbox

    public init(spec: SandboxSpec, sandbox: any Sandbox) {
        self.spec = spec
        self.sandbox = sandbox
    }
}

extension AgentSession {
    /// The session's sandbox: the one that waits for it, if it is the right one, else one that is made now.
    func makeSandbox(_ spec: SandboxSpec) async throws -> any Sandbox {
        if let prepared = configuration.prepared {
            // Whether it still lives is asked of itself.
            if prepared.spec == spec, (try? await prepared.sandbox.stat(".")) != nil {
                await observer.sandboxStarted(spec, true)
                return prepared.sandbox
            }
            await prepared.sandbox.stop()
        }
        let made = try await configuration.driver.create(spec)
        await observer.sandboxStarted(spec, false)
        return made
    }
}
