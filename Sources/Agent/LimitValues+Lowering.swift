import ProjectConfiguration
import Sandbox

extension ResourceLimits {
    /// What is left when somebody who may only take away has spoken.
    func lowered(by values: LimitValues?) -> ResourceLimits {
        guard let values else { return self }
        var limits = self
        limits.memoryBytes = min(memoryBytes, values.memoryBytes ?? .max)
        limits.cpuCores = min(cpuCores, values.cpus ?? .infinity)
        limits.processes = min(processes, values.processes ?? .max)
        limits.openFiles = min(openFiles, values.openFiles ?? .max)
        limits.fileBytes = min(fileBytes, values.fileBytes ?? .max)
        limits.workspaceBytes = min(workspaceBytes, values.workspaceBytes ?? .max)
        limits.workspaceFiles = min(workspaceFiles, values.workspaceFiles ?? .max)
        return limits
    }
}

extension AgentLimits {
    /// What is left when somebody who may only take away has spoken.
    func lowered(by values: LimitValues?) -> AgentLimits {
        guard let values else { return self }
        var limits = self
        limits.maximumCommandSeconds = min(maximumCommandSeconds, values.commandSeconds ?? .max)
        limits.commandSeconds = min(commandSeconds, limits.maximumCommandSeconds)
        limits.commandOutputBytes = min(commandOutputBytes, values.outputBytes ?? .max)
        return limits
    }
}
