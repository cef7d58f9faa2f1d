import ProjectConfiguration
import Sandbox
import Testing

@testable import Agent

@Suite struct LimitLoweringTests {
    @Test func aRepositoryOnlyLowers() {
        var values = LimitValues()
        let service = ResourceLimits(processes: 100, memoryBytes: 1 << 30, cpuCores: 2)
        #expect(service.lowered(by: nil) == service)
        #expect(service.lowered(by: values) == service)
        values.processes = 50
        values.memoryBytes = 2 << 30
        values.cpus = 0.5
        let lowered = service.lowered(by: values)
        #expect(lowered == ResourceLimits(processes: 50, memoryBytes: 1 << 30, cpuCores: 0.5))
        values.commandSeconds = 10
        values.outputBytes = 1 << 40
        let limits = AgentLimits().lowered(by: values)
        #expect(limits.commandSeconds == 10)
        #expect(limits.maximumCommandSeconds == 10)
        #expect(limits.commandOutputBytes == AgentLimits().commandOutputBytes)
    }
}
