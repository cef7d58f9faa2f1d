import ProjectConfiguration
import Sandbox

/// The checks of a session, as far as they are known before there is a sandbox.
struct CheckPlan: Sendable {
    private var found: [DetectedCheck]
    /// For the user.
    private(set) var notes: [String] = []

    /// - Parameters:
    ///   - own: of the repository or of the client.
    ///   - organisation: of the service. They cannot be taken away: one of `own` that has a name of theirs gets another,
    ///     so that what it proves never passes for what theirs prove.
    init(own: [DetectedCheck], organisation: [CheckDefinition]) {
        found = own
        var names = Set(own.map(\.definition.name) + organisation.map(\.name))
        for index in found.indices {
            let check = found[index].definition
            guard organisation.contains(where: { $0.name == check.name }) else { continue }
            let owner = (check.origin ?? .repository).rawValue
            let candidates = ["\(check.name) (\(owner))"] + (2...own.count + 1).map { "\(check.name) (\(owner) \($0))" }
            guard let name = candidates.first(where: { !names.contains($0) }) else { continue }
            names.insert(name)
            found[index].definition.name = name
            notes.append(
                "the organisation has a check `\(check.name)`: the \(owner)'s own of that name is called `\(name)`")
        }
        found += organisation.map { DetectedCheck($0) }
    }

    /// Seconds to look for programs.
    private static let probeSeconds = 20

    /// All checks but those found for tools that the sandbox does not have.
    /// - Throws: `SandboxError`.
    func checks(in sandbox: any Sandbox) async throws -> [CheckDefinition] {
        let needed = Set(found.compactMap(\.program)).sorted()
        guard !needed.isEmpty else { return found.map(\.definition) }
        let script = #"for p; do command -v "$p" >/dev/null 2>&1 && printf '%s\n' "$p"; done; true"#
        let handle = try await sandbox.exec(
            ExecRequest(
                arguments: ["/bin/sh", "-c", script, "sh"] + needed, timeout: .seconds(Self.probeSeconds),
                outputLimit: 64 << 10))
        var output: [UInt8] = []
        for await chunk in handle.output where chunk.stream == .stdout { output += chunk.bytes }
        _ = try await handle.result()
        let present = Set(String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init))
        return found.filter { $0.program.map(present.contains) ?? true }.map(\.definition)
    }
}
