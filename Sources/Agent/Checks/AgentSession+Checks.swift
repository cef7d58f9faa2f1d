import AgentProtocol
import Diagnostics
import JSON
import ProjectConfiguration
import Workspace

extension AgentSession {
    /// The checks that the client, else the repository, asks for, else those that its files suggest; and the organisation's.
    func checkPlan(_ project: ProjectConfiguration, _ snapshot: WorkspaceSnapshot) throws -> CheckPlan {
        CheckPlan(own: try ownChecks(project, snapshot), organisation: configuration.organisationChecks)
    }

    private func ownChecks(
        _ project: ProjectConfiguration, _ snapshot: WorkspaceSnapshot
    ) throws -> [DetectedCheck] {
        if let given = configuration.start.checks { return try definitions(given).map { DetectedCheck($0) } }
        if let configured = project.checks { return configured.map { DetectedCheck($0) } }
        return ProjectConfigurationLoader.detectChecks(files: snapshot.entries.keys) { read($0, snapshot) }
    }

    private func definitions(_ given: [CheckSpecification]) throws -> [CheckDefinition] {
        guard given.count <= ConfigurationLimits.checks else {
            throw AgentError.invalidParams("there are more than \(ConfigurationLimits.checks) checks")
        }
        var names: Set<String> = []
        return try given.map { check in
            // What a check proved is kept under its name: a second one of that name would pass for the first.
            guard names.insert(check.name).inserted else {
                throw AgentError.invalidParams("two checks are called `\(check.name)`")
            }
            return try CheckDefinition(check)
        }
    }
}

extension CheckDefinition {
    /// - Throws: `AgentError.invalidParams`.
    init(_ check: CheckSpecification) throws {
        guard !check.command.isEmpty, !check.name.isEmpty else {
            throw AgentError.invalidParams("a check needs a name and a command")
        }
        let timeout = check.timeoutSeconds ?? CheckDefinition.defaultTimeoutSeconds
        guard (1...ConfigurationLimits.timeoutSeconds).contains(timeout) else {
            throw AgentError.invalidParams(
                "check `\(check.name)`: the time must be from 1 to \(ConfigurationLimits.timeoutSeconds) s")
        }
        let configured = try Self.parser(check)
        if let name = check.parser, !DiagnosticParsing.parserNames.contains(name) {
            throw AgentError.invalidParams("check `\(check.name)`: there is no parser `\(name)`")
        }
        for (key, globs) in [("paths", check.paths), ("reports", check.reports)] {
            guard let globs else { continue }
            guard (1...ConfigurationLimits.globs).contains(globs.count) else {
                throw AgentError.invalidParams(
                    "check `\(check.name)`: \(key) must have from 1 to \(ConfigurationLimits.globs) entries")
            }
            for glob in globs {
                guard let fault = PathGlob.fault(glob) else { continue }
                throw AgentError.invalidParams("check `\(check.name)`: \(key): `\(glob.prefix(200))`: \(fault)")
            }
        }
        self.init(
            name: check.name, command: check.command, required: check.required ?? true, timeoutSeconds: timeout,
            parser: configured?.name ?? check.parser, configuredParser: configured,
            when: check.when == .end ? .end : .afterEdit, paths: check.paths, reports: check.reports, origin: .client)
    }

    private static func parser(_ check: CheckSpecification) throws -> ConfiguredParser? {
        guard [check.parser != nil, check.errorformat != nil, check.problemMatcher != nil].count(where: { $0 }) <= 1
        else {
            throw AgentError.invalidParams(
                "check `\(check.name)`: only one of parser, errorformat and problemMatcher can be given")
        }
        let parser: ConfiguredParser
        if let patterns = check.errorformat {
            parser = ConfiguredParser(.errorformat(patterns))
        } else if let matcher = check.problemMatcher {
            parser = ConfiguredParser(.problemMatcher(matcher))
        } else {
            return nil
        }
        do throws(ConfiguredParser.Fault) { try parser.validate() } catch {
            throw AgentError.invalidParams("check `\(check.name)`: \(parser.name): \(error)")
        }
        return parser
    }
}
