import AgentProtocol
import ArgumentParser
import ServiceClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check this machine and the service, and say what to do.")

    @Flag(help: "Fail also when a guard of the sandbox is not active.")
    var strict = false

    func run() async throws {
        var isFine = true
        func report(_ ok: Bool, _ text: String, _ advice: String) {
            Terminal.line("\(ok ? Terminal.styled("ok  ", .green) : Terminal.styled("FAIL", .red)) \(text)")
            if !ok {
                Terminal.line("     \(advice)")
                isFine = false
            }
        }
        Terminal.line("cofferdam \(ProgramVersion.current)")
        let environment = ProcessEnvironment.all
        let isRemote = environment["COFFERDAM_SERVICE_URL"] != nil
        if !isRemote {
            report(
                Programs.find("bwrap", environment) != nil, "bubblewrap (makes the sandbox)",
                "install it: apt-get install bubblewrap")
            if Programs.find("rg", environment) == nil {
                Terminal.line("note ripgrep is not installed; searches fall back to grep (apt-get install ripgrep)")
            } else {
                report(true, "ripgrep (searches in the sandbox)", "")
            }
        }
        if !isRemote {
            for guarding in Self.ask("--guards", environment) {
                let text = "\(guarding.name): \(guarding.advice)"
                if guarding.state == "active" {
                    report(true, text, "")
                } else if guarding.state == "required" {
                    report(false, guarding.name, "The service's file requires it. \(guarding.advice)")
                } else if strict {
                    report(false, guarding.name, guarding.advice)
                } else {
                    Terminal.line("\(Terminal.styled("note", .yellow)) \(text)")
                }
            }
        }
        if !isRemote {
            for model in Self.ask("--check-models", environment) {
                report(
                    model.state == "ok", "model \(model.name): \(model.advice)",
                    "Nothing was asked of it yet. See its key and address in the environment or in models.yaml.")
            }
        }
        let place = environment["COFFERDAM_SERVICE_URL"] ?? "on this machine"
        do {
            let session = try ServiceSession.open()
            let result = try await session.client.initializeResult()
            report(
                true, "service \(place): \(result.serverInfo.name) \(result.serverInfo.version ?? "")", "")
            report(
                !result.models.isEmpty,
                result.models.isEmpty ? "no model" : "models: \(result.models.joined(separator: ", "))",
                "set ANTHROPIC_API_KEY, OPENAI_API_KEY or COFFERDAM_MODEL, or write ~/.config/cofferdam/models.yaml;\n"
                    + "     then end the service, which keeps what it started with: cofferdam stop --service"
            )
            await session.client.close()
        } catch {
            report(false, "service \(place)", "\(error)")
        }
        if !isFine { throw ExitCode.failure }
    }

    private struct Finding {
        /// Of a guard `active`, `absent`, or `required` when the service will not start without it; of a model `ok` or `failed`.
        var state: String
        var name: String
        var advice: String
    }

    /// What the service's program finds on this machine, a line each.
    private static func ask(_ option: String, _ environment: [String: String]) -> [Finding] {
        let configuration = try? ServiceClientConfiguration.fromEnvironment(
            environment, clientInfo: ProgramVersion.info)
        guard let program = configuration?.programPath else { return [] }
        let quoted =
            "'" + program.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        guard let pipe = popen("\(quoted) \(option) 2>/dev/null", "r") else { return [] }
        defer { pclose(pipe) }
        var result: [Finding] = []
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), pipe) != nil {
            let text = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
            let parts = text.split(separator: "\t").map { Terminal.harmless(String($0)).trimmingNewline }
            if parts.count == 3 { result.append(Finding(state: parts[0], name: parts[1], advice: parts[2])) }
        }
        return result
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

enum Programs {
    static func find(_ name: String, _ environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}
