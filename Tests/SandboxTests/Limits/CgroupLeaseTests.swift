import Glibc
import TestSupport
import Testing

@testable import Sandbox

/// Real groups on this machine, where it lets us make them.
@Suite("Control groups", .serialized, .enabled(if: !CgroupLocator(placement: .automatic).parents().isEmpty))
struct CgroupLeaseTests {
    private static let controllers = Set(CgroupLocator(placement: .automatic).parents().flatMap(\.controllers))

    /// Runs a script in groups of its own from its first instruction on; returns what `body` does.
    private func with<T>(
        _ limits: ResourceLimits, _ script: String, _ body: (CgroupLease, Shell) throws -> T
    ) throws -> T {
        let lease = CgroupLease.acquire(id: "test-\(getpid())-\(UInt32.random(in: 0...(.max)))", limits: limits)
        defer {
            lease.kill()
            #expect(lease.remove())
        }
        let shell = try Shell(script, in: lease)
        return try body(lease, shell)
    }

    @Test("Memory: the hog ends, and it is counted", .enabled(if: controllers.contains(.memory)))
    func memory() throws {
        try with(ResourceLimits(memoryBytes: 64 << 20), "tail /dev/zero; echo $?") { lease, shell in
            // 137: killed by SIGKILL. The shell, which is small, goes on.
            #expect(shell.finish() == "137\n")
            let usage = lease.usage()
            #expect(usage.outOfMemoryKills == 1)
            #expect(usage.peakMemoryBytes ?? 0 <= 64 << 20)
            #expect(usage.peakMemoryBytes ?? 0 > 32 << 20)
            var text = [UInt8](repeating: 0, count: 4096)
            let count = pread(lease.oomDescriptor, &text, text.count, 0)
            let file = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
            #expect(CgroupFile.number("oom_kill", inText: file) == 1)
        }
        try with(ResourceLimits(memoryBytes: 64 << 20), "head -c 1M /dev/zero | tail -c 1; echo $?") { lease, shell in
            #expect(shell.finish() == "\u{0}0\n")
            #expect(lease.usage().outOfMemoryKills == 0)
        }
    }

    @Test("Processes: a fork bomb stays within the limit", .enabled(if: controllers.contains(.pids)))
    func processes() throws {
        let script = "i=0; while [ $i -lt 60 ]; do (sleep 1000 &) 2>/dev/null; i=$((i+1)); done; echo done; read line"
        try with(ResourceLimits(processes: 20), script) { lease, shell in
            // The shell itself may fail to fork and end: either way nothing is above the limit.
            _ = shell.readLine()
            let usage = lease.usage()
            #expect(usage.processes ?? .max <= 20)
            #expect(usage.refusedForks ?? 0 > 0)
            #expect(lease.kill())
            #expect(lease.processes.isEmpty)
        }
    }

    @Test("Processors: a quota holds", .enabled(if: controllers.contains(.cpu)))
    func processors() throws {
        let spin = "end=$(($(date +%s)+3)); while [ $(date +%s) -lt $end ]; do :; done"
        try with(ResourceLimits(cpuCores: 0.2), "(\(spin)) & (\(spin)) & wait; times") { _, shell in
            let begin = ContinuousClock.now
            _ = shell.finish()
            let wall = (ContinuousClock.now - begin) / .seconds(1)
            // 0.2 of a processor, two or three periods more at either end.
            #expect(shell.processorSeconds < 0.2 * wall + 0.4)
        }
    }

    @Test("Killing leaves nothing, not even what went its own way")
    func kill() throws {
        let script = "setsid sh -c 'trap \"\" TERM HUP; sleep 1000 & sleep 1000' & (sleep 1000 &) ; echo up; wait"
        try with(ResourceLimits(), script) { lease, shell in
            #expect(shell.readLine() == "up")
            #expect(lease.processes.count >= 3)
            #expect(lease.kill())
            #expect(lease.processes.isEmpty)
            _ = shell.finish()
        }
    }

    @Test("Groups of a service that is gone are found, or swept away when they are empty")
    func leftovers() throws {
        let id = "test-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        var lease: CgroupLease? = CgroupLease.acquire(id: id, limits: ResourceLimits())
        let shell = try Shell("read line", in: try #require(lease))
        // Its owner is alive: it is neither found nor swept.
        #expect(CgroupLease.find(id: id) == nil)
        // The lock goes with the lease, as it does with the process.
        lease = nil
        CgroupLease.sweep()
        #expect(CgroupLease.find(id: id, process: getpid()) == nil)
        var found = CgroupLease.find(id: id, process: shell.pid)
        #expect(found?.processes == [shell.pid])
        #expect(found?.kill() == true)
        _ = shell.finish()
        #expect(CgroupLease.find(id: id) == nil, "it is ours now")
        found = nil
        CgroupLease.sweep()
        #expect(CgroupLease.find(id: id) == nil)
    }

    @Test("Two sandboxes of one session have groups of their own")
    func twice() throws {
        let id = "test-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        let first = CgroupLease.acquire(id: id, limits: ResourceLimits())
        let second = CgroupLease.acquire(id: id, limits: ResourceLimits())
        let shell = try Shell("read line", in: second)
        #expect(first.processes.isEmpty)
        #expect(first.kill() && first.remove())
        #expect(second.processes == [shell.pid])
        #expect(second.kill())
        _ = shell.finish()
        #expect(second.remove())
    }

    @Test("No groups are no failure")
    func none() {
        let lease = CgroupLease.acquire(id: "test", limits: ResourceLimits(), placement: .none)
        #expect(lease.oomDescriptor == -1)
        #expect(lease.openProcessFiles().isEmpty)
        #expect(!lease.enter(getpid()))
        #expect(lease.kill() && lease.remove())
        #expect(lease.report.first { $0.name == "memory limit" }?.active == false)
        #expect(lease.usage() == CgroupUsage())
    }
}

/// A shell that joins control groups before it does anything.
private final class Shell {
    let pid: pid_t
    private let output: Int32
    private let input: Int32
    private var isReaped = false
    /// Of the shell and what it waited for, once it has ended.
    private(set) var processorSeconds = 0.0

    init(_ script: String, in lease: CgroupLease) throws {
        let (outputs, inputs) = (try PrivatePipe(), try PrivatePipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputs.readEnd, 0)
        posix_spawn_file_actions_adddup2(&actions, outputs.writeEnd, 1)
        // It waits for a line until it has been moved.
        let words = ["sh", "-c", "read go; \(script)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { (word: String) in strdup(word) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        // A test runner may have signals blocked, on which the shell waits.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let code = posix_spawn(&child, "/bin/sh", &actions, &attributes, &arguments, environ)
        close(inputs.readEnd)
        close(outputs.writeEnd)
        try #require(code == 0)
        pid = child
        output = outputs.readEnd
        input = inputs.writeEnd
        #expect(lease.enter(pid))
        write(input, "go\n", 3)
    }

    deinit {
        close(output)
        close(input)
    }

    func readLine() -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits for its end; what it printed.
    func finish() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(output, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 && errno == EINTR {}
        processorSeconds =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return String(decoding: bytes, as: UTF8.self)
    }
}
