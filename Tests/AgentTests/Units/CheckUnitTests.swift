import AgentProtocol
import ProjectConfiguration
import Sandbox
import Store
import TestSupport
import Testing

@testable import Agent

@Suite("What checks depend on and leave behind")
struct CheckUnitTests {
    @Test(
        "Globs of paths",
        arguments: [
            ("*.c", ["a.c", "src/deep/a.c", "A.C"], ["a.cc", "c"]),
            ("src/", ["src/a", "src/b/c"], ["lib/src/a", "source/a"]),
            ("src", ["src", "src/a", "lib/src/a"], ["srcs/a"]),
            ("src/*.c", ["src/a.c", "src/a.c/b"], ["src/b/a.c", "a.c"]),
            ("src/**/*.c", ["src/a.c", "src/b/c/a.c"], ["src/a.h"]),
            ("./docs/**", ["docs/a", "docs/b/c"], ["a/docs/b"]),
            ("**", ["a", "b/c"], []),
        ])
    func globs(pattern: String, fits: [String], others: [String]) {
        #expect(PathGlob.fault(pattern) == nil)
        let set = PathSet([pattern])
        for path in fits { #expect(set.contains(path), "\(pattern) \(path)") }
        for path in others { #expect(!set.contains(path), "\(pattern) \(path)") }
    }

    @Test("Patterns that lead elsewhere are refused", arguments: ["", "/etc", "a/../b", "..", "!a", "a\0b"])
    func faults(pattern: String) { #expect(PathGlob.fault(pattern) != nil) }

    private func entry(_ key: String, bytes: Int = 10, at time: Int = currentMilliseconds()) -> BaselineStore.Entry {
        let evidence = CheckEvidence(
            name: "c", command: ["c"], required: true, passed: true,
            result: CommandResult(
                status: .exited, exitCode: 0, durationMilliseconds: 1, stdoutBytes: 0, stderrBytes: 0), errors: 0,
            warnings: 0,
            startedAt: time, treeHash: "t")
        return BaselineStore.Entry(
            key: key, evidence: evidence, diagnostics: [], tests: nil, unparsed: String(repeating: "x", count: bytes))
    }

    @Test("Baselines are found by their whole key, forgotten in time, and bounded: the one not used longest goes")
    func store() async throws {
        let folder = try TemporaryFolder()
        let store = BaselineStore(directory: "\(folder.path)/b", budgetBytes: 4000)
        await store.keep(entry("one", bytes: 1000))
        #expect(
            await store.entry("one") == entry("one", bytes: 1000, at: await store.entry("one")?.evidence.startedAt ?? 0)
        )
        #expect(await store.entry("two") == nil)
        let old = entry("old", at: currentMilliseconds() - 8 * 86_400_000)
        await store.keep(old)
        #expect(await store.entry("old") == nil)
        await store.keep(entry("huge", bytes: 5 << 20))
        #expect(await store.entry("huge") == nil)
        // Files' times have ticks: what is used is told by hand.
        await store.keep(entry("two", bytes: 1000))
        let names = try HostCommand.run(["ls", "-t", "\(folder.path)/b"], in: folder.path).text.split(separator: "\n")
        #expect(names.count == 2)
        let one = try #require(names.last)
        _ = try HostCommand.run(["touch", "-d", "2001-01-01", "\(folder.path)/b/\(one)"], in: folder.path)
        await store.keep(entry("three", bytes: 2000))
        #expect(await store.entry("three") != nil)
        #expect(try HostCommand.run(["ls", "\(folder.path)/b"], in: folder.path).text.contains(one) == false)
        let remaining = try HostCommand.run(["ls", "\(folder.path)/b"], in: folder.path).text.split(separator: "\n")
        for name in remaining { try folder.write("b/\(name)", "{") }
        #expect(await store.entry("three") == nil, "what is damaged is no entry")
    }

    @Test("A baseline is of one user, one environment and one definition")
    func keys() async throws {
        let folder = try TemporaryFolder()
        let store = BaselineStore(directory: "\(folder.path)/b")
        var spec = SandboxSpec(
            id: "s1", workspacePath: "/w", base: "/b1", stateDirectory: "/s1", environment: ["A": "1"])
        let check = CheckDefinition(name: "c", command: ["c"], origin: .repository)
        func cache(_ user: String = "anna") -> BaselineCache { BaselineCache(store: store, user: user, spec: spec) }
        let run = CheckRun(evidence: entry("").evidence, diagnostics: [], tests: nil, unparsed: "")
        await cache().keep(check, run)
        #expect(await cache().entry(check, treeHash: "t") != nil)
        #expect(await cache("bert").entry(check, treeHash: "t") == nil)
        #expect(await cache().entry(check, treeHash: "u") == nil)
        var other = check
        other.command = ["d"]
        #expect(await cache().entry(other, treeHash: "t") == nil)
        // The session's own folders are no part of it.
        (spec.id, spec.base, spec.stateDirectory) = ("s2", "/b2", "/s2")
        #expect(await cache().entry(check, treeHash: "t") != nil)
        spec.environment["A"] = "2"
        #expect(await cache().entry(check, treeHash: "t") == nil)
        spec.environment["A"] = "1"
        spec.layers.workspace = ["/layers/x"]
        #expect(await cache().entry(check, treeHash: "t") == nil)
    }
}
