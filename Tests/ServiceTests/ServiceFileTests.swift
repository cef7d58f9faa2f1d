import Agent
import ProjectConfiguration
import Sandbox
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Service file")
struct ServiceFileTests {
    private func parse(_ text: String) throws -> ServiceFile {
        try ServiceFile.parse(Array(text.utf8), file: "service.yaml")
    }

    private func failure(_ text: String) -> String? {
        do {
            _ = try parse(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("Nothing said leaves the defaults")
    func empty() throws {
        #expect(try parse("") == ServiceFile())
        #expect(try parse("limits: {}\nconcurrency: {}\nrequire: []\n") == ServiceFile())
        let limits = try parse("").limits.applied(to: AgentLimits())
        #expect(limits.commandSeconds == AgentLimits().commandSeconds)
        #expect(limits.maximumCommandSeconds == AgentLimits().maximumCommandSeconds)
        #expect(limits.commandOutputBytes == AgentLimits().commandOutputBytes)
    }

    @Test("The warm pool's budget is read; without the section nothing is made ready")
    func warmPool() throws {
        #expect(try !parse("").warmPool.isOn)
        let pool = try parse("warmPool: {repositories: 3, disk: 1 GiB, memory: 20 MiB}\n").warmPool
        #expect(pool.isOn && pool.repositories == 3 && pool.diskBytes == 1 << 30)
        #expect(pool.sandboxes == 2)
        #expect(try parse("warmPool: {}\n").warmPool.sandboxes == 0)
        #expect(failure("warmPool:\n  disc: 1 GiB\n")?.contains("service.yaml:2") == true)
    }

    @Test("After a push the forge is watched; repairs and comments become prompts only where they are asked for")
    func afterPush() throws {
        #expect(try parse("").afterPush.watch == WatchSettings())
        #expect(WatchSettings().repairRounds == 0 && WatchSettings().comments == nil)
        #expect(try parse("afterPush: {watch: false}\n").afterPush.watch == nil)
        let watch = try parse(
            """
            afterPush:
              repair: {rounds: 3}
              comments: {from: [owner], authors: [ann], rounds: 2}
              interval: {seconds: 20, most: 60}
              hours: 2
            """
        ).afterPush.watch
        #expect(
            watch
                == WatchSettings(
                    repairRounds: 3, comments: .init(from: ["owner"], authors: ["ann"], rounds: 2), intervalSeconds: 20,
                    maximumIntervalSeconds: 60, timeoutSeconds: 7200))
        #expect(failure("afterPush:\n  repair: {rounds: 21}\n")?.contains("service.yaml:2") == true)
        #expect(failure("afterPush:\n  comments: {from: [none]}\n")?.contains("`none`") == true)
    }

    @Test("Every limit is read")
    func limits() throws {
        let file = try parse(
            """
            limits:
              memory: 4 GiB
              cpus: 1.5
              processes: 500
              openFiles: 1024
              fileSize: 512MiB
              workspace: 1 TiB
              workspaceFiles: 1000
              temporary: 1048576
              session: 3600
              command: 60
              maximumCommand: 7200
              output: 64 KiB
              cgroup: /machines/cofferdam
            concurrency: {total: 8, perUser: 3}
            require: [namespaces, memory limit]
            """)
        #expect(
            file.limits.resources
                == ResourceLimits(
                    processes: 500, openFiles: 1024, fileBytes: 512 << 20, memoryBytes: 4 << 30, cpuCores: 1.5,
                    workspaceBytes: 1 << 40, workspaceFiles: 1000, wallSeconds: 3600))
        #expect(file.limits.cgroup == .beneath("/machines/cofferdam"))
        #expect(file.limits.temporaryBytes == 1 << 20)
        let limits = file.limits.applied(to: AgentLimits())
        #expect(limits.commandSeconds == 60)
        #expect(limits.maximumCommandSeconds == 7200)
        #expect(limits.commandOutputBytes == 64 << 10)
        #expect(file.concurrency == ConcurrencyLimits(total: 8, perUser: 3))
        #expect(file.require.names == ["namespaces", "memory limit"])
    }

    @Test("Less time in all than the usual time lowers that too")
    func commandTime() throws {
        let short = try parse("limits: {maximumCommand: 5}").limits.applied(to: AgentLimits())
        #expect(short.commandSeconds == 5)
        let long = try parse("limits: {command: 4000}").limits.applied(to: AgentLimits())
        #expect(long.maximumCommandSeconds == 4000)
    }

    @Test(
        "What is wrong is said with its line",
        arguments: [
            ("limits:\n  memroy: 4 GiB\n", "service.yaml:2:3: unknown key ‘memroy’"),
            ("limits:\n  memory: 4 GB\n", "service.yaml:2:11: limits.memory must be a number of bytes"),
            ("limits:\n  memory: 1 MiB\n", "from 64 MiB to 1024 TiB"),
            ("limits:\n  memory: 99999999999999999999 GiB\n", "limits.memory must be a number of bytes"),
            ("limits: {memory: 9000000000 TiB}\n", "limits.memory must be a number of bytes"),
            ("limits: {memory: -1}\n", "limits.memory must be from"),
            ("limits: {cpus: 0}\n", "limits.cpus must be a number from 0.01"),
            ("limits: {cpus: many}\n", "limits.cpus must be a number"),
            ("limits: {cgroup: ../x}\n", "limits.cgroup must be automatic, none, or the path"),
            ("limits: {cgroup: /a/../b}\n", "limits.cgroup must be automatic"),
            ("limits: {command: 10, maximumCommand: 5}\n", "limits.command is more than limits.maximumCommand"),
            ("concurrency: {total: 0}\n", "concurrency.total must be from 1"),
            ("require: namespaces\n", "require must be a list"),
            ("limit: {}\n", "unknown key ‘limit’"),
            ("- a\n", "must be a mapping"),
        ])
    func wrong(_ text: String, _ expected: String) {
        #expect(failure(text)?.contains(expected) == true, "\(failure(text) ?? "nothing")")
    }

    @Test("A file that is not there is said to be so")
    func absent() {
        #expect(throws: Service.ConfigurationError.self) { try ServiceFile.load("/nonexistent/service.yaml") }
    }

    @Test("The example of the README is one")
    func readme() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let file = try #require(fopen("\(root)/README.md", "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        let blocks = String(decoding: bytes, as: UTF8.self).split(separator: "```yaml\n").dropFirst()
            .compactMap { $0.split(separator: "```", maxSplits: 1).first }
        let example = try #require(blocks.first { $0.contains("concurrency:") })
        let parsed = try parse(String(example))
        #expect(parsed.limits != ServiceLimits())
        #expect(parsed.concurrency != ConcurrencyLimits())
        #expect(!parsed.require.names.isEmpty)
        let known = Set(LocalDriver.guards().map(\.name))
        #expect(parsed.require.names.isSubset(of: known))
    }

    @Test func budgets() throws {
        let yaml = """
            budgets:
              turn: {tokens: 2000, dollars: 2.5}
              user: {day: {dollars: 50, seconds: 600, steps: 9}}
              organisation: {month: {tokens: 7}}
            """
        let budgets = try ServiceFile.parse(Array(yaml.utf8), file: "service.yaml").budgets
        #expect(
            budgets.limits.scopes == [
                .turn: .init(tokens: 2000, costMicros: 2_500_000),
                .userDay: .init(costMicros: 50_000_000, seconds: 600, steps: 9),
                .organisationMonth: .init(tokens: 7),
            ])
        for wrong in [
            "{turn: {euros: 2}}", "{session: {dollars: -1}}", "{user: {tokens: 5}}", "{turn: {dollars: x}}",
            "{turn: {steps: -1}}",
        ] {
            #expect(throws: (any Error).self) {
                try ServiceFile.parse(Array("budgets: \(wrong)".utf8), file: "service.yaml")
            }
        }
    }
}
