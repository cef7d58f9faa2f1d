import Sandbox

#if canImport(Glibc)
    import Glibc
#endif

/// Tries the limits of a real sandbox and prints what came of it, one `NAME VALUE` a line. Made for a virtual machine that
/// has nothing else in it (see Tests/EndToEnd/test_limits_machine.py).
///
/// Arguments: a directory to work in, and the user to become first (0 for none).
@main
struct LimitsProbe {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let user = uid_t(arguments[2]) else { return say("usage", "DIRECTORY USER") }
        if user != 0 {
            // Executed anew: a process that has changed its user may not look at itself in /proc.
            var words = [CommandLine.arguments[0], arguments[1], "0"].map { (word: String) in strdup(word) } + [nil]
            guard setgid(user) == 0, setuid(user) == 0 else { return say("error", "cannot become \(user)") }
            execvp(arguments[0], &words)
            return say("error", "cannot execute itself")
        }
        do {
            try await probe(arguments[1])
        } catch {
            say("error", "\(error)")
        }
        say("end", "")
    }

    private static func say(_ name: String, _ value: String) {
        print(name, value)
        fflush(nil)
    }

    private static func probe(_ directory: String) async throws {
        for guarding in LocalDriver.guards() where guarding.name.contains("limit") {
            say(guarding.name.split(separator: " ").joined(separator: "-"), guarding.active ? "active" : "absent")
        }
        mkdir(directory, 0o755)
        mkdir("\(directory)/base", 0o755)
        var spec = SandboxSpec(
            id: "probe", workspacePath: "/srv/project", base: "\(directory)/base", stateDirectory: "\(directory)/state",
            detectToolchains: false)
        spec.limits.memoryBytes = 64 << 20
        spec.limits.processes = 40
        spec.limits.cpuCores = 0.25
        let sandbox = try await LocalDriver().create(spec)
        say("before", try await run(sandbox, "echo up"))
        say("memory", try await run(sandbox, "tail /dev/zero"))
        say("memory-in-shell", try await run(sandbox, "tail /dev/zero; exit $?"))
        say("processes", try await run(sandbox, "b() { b | b & }; b; sleep 2", seconds: 20))
        let spin = ExecRequest(
            arguments: ["sh", "-c", "end=$(($(date +%s)+4)); while [ $(date +%s) -lt $end ]; do :; done"],
            timeout: .seconds(120))
        let spun = try await sandbox.exec(spin).result()
        say("cpu-percent", "\(spun.cpuMicroseconds * 100 / max(1, Int(spun.duration / .microseconds(1))))")
        // What goes its own way ends with the sandbox too.
        say("left-behind", try await run(sandbox, "setsid sleep 1000 & (sleep 1000 &); echo started"))
        say("after", try await run(sandbox, "echo up"))
        await sandbox.stop()
        say("found-after-stop", CgroupLease.find(id: "probe") == nil ? "nothing" : "groups")
        // A sandbox whose service went away without a word.
        let orphan = try await LocalDriver().create(spec)
        await orphan.detach()
        let end = await LocalDriver().endOrphan(stateDirectory: spec.stateDirectory)
        say("orphan", end.wasRunning && end.remaining == 0 ? "ended" : "\(end)")
        say("found-after-orphan", CgroupLease.find(id: "probe") == nil ? "nothing" : "groups")
    }

    private static func run(_ sandbox: any Sandbox, _ script: String, seconds: Int = 120) async throws -> String {
        let handle = try await sandbox.exec(
            ExecRequest(arguments: ["sh", "-c", script], timeout: .seconds(seconds), grace: .milliseconds(200)))
        var text: [UInt8] = []
        for await chunk in handle.output where chunk.stream == .stdout { text += chunk.bytes }
        let output = String(decoding: text, as: UTF8.self).split(separator: "\n").joined(separator: "|")
        let result = try await handle.result()
        return "\(result.outcome) survivors=\(result.survivors) \(output)"
    }
}
