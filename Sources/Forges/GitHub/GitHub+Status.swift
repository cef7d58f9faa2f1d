import JSON

extension GitHub {
    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus {
        let path = "\(Self.path(repository))/commits/\(PercentEncoding.part(commit))"
        let runs = try await client.pages(
            "\(path)/check-runs", [("filter", "latest")], size: Self.pageSize, member: "check_runs", in: repository,
            limit: client.limits.maximumJobs)
        let statuses = try await client.pages(
            "\(path)/status", size: Self.pageSize, member: "statuses", in: repository, limit: client.limits.maximumJobs)
        var jobs = runs.entries.compactMap { job($0) } + statuses.entries.compactMap(Self.job(status:))
        jobs += try await workflows(of: commit, in: repository, beside: runs.entries)
        return PipelineStatus(commit: commit, jobs: jobs, isTruncated: runs.isTruncated || statuses.isTruncated)
    }

    private func job(_ run: JSON) -> PipelineJob? {
        guard let id = run["id"]?.intValue, let name = run.line("name") else { return nil }
        let output = ["title", "summary", "text"].compactMap { run["output"]?.text($0, client.limits) }
        let isAction = run["app"]?["slug"]?.stringValue == "github-actions"
        return PipelineJob(
            id: String(isAction ? Self.jobID(run) ?? id : id), source: isAction ? .job : .checkRun, name: name,
            state: Self.state(status: run["status"]?.stringValue, conclusion: run["conclusion"]?.stringValue),
            url: run.link("html_url") ?? run.link("details_url"),
            summary: output.isEmpty ? nil : output.joined(separator: "\n"))
    }

    /// A job of GitHub Actions is named at the end of its check run's page: `…/actions/runs/1/job/2`.
    private static func jobID(_ run: JSON) -> Int? {
        for key in ["details_url", "html_url"] {
            guard let parts = run[key]?.stringValue?.prefix(while: { $0 != "?" && $0 != "#" }).split(separator: "/"),
                parts.count >= 2, parts[parts.count - 2] == "job"
            else { continue }
            return parts.last.flatMap { Int($0) }
        }
        return nil
    }

    private static func job(status json: JSON) -> PipelineJob? {
        guard let id = json.identifier("id"), let name = json.line("context") else { return nil }
        let state: PipelineJob.State =
            switch json["state"]?.stringValue {
            case "success": .passed
            case "failure", "error": .failed
            default: .running
            }
        return PipelineJob(
            id: id, source: .commitStatus, name: name, state: state, url: json.link("target_url"),
            summary: json.line("description"))
    }

    /// Workflows that are not at their end, and those that never get jobs: their file is wrong, or someone must approve
    /// them.
    private func workflows(
        of commit: String, in repository: RepositoryName, beside checkRuns: [JSON]
    ) async throws -> [PipelineJob] {
        let suites = Set(checkRuns.compactMap { $0["check_suite"]?["id"]?.intValue })
        let runs: ForgeList
        do {
            runs = try await client.pages(
                "\(Self.path(repository))/actions/runs", [("head_sha", commit)], size: Self.pageSize,
                member: "workflow_runs", in: repository, limit: client.limits.maximumJobs)
        } catch ForgeError.forbidden, ForgeError.notFound {
            return []  // No right to read Actions, or they are off: check runs say what there is to know.
        }
        return runs.entries.compactMap { run in
            // A job that waits for another has no check run before that one ends: only the workflow tells of it.
            guard let id = run["id"]?.intValue,
                run["status"]?.stringValue != "completed" || !suites.contains(run["check_suite_id"]?.intValue ?? -1)
            else { return nil }
            let conclusion = run["conclusion"]?.stringValue
            return PipelineJob(
                id: "workflow-\(id)", source: .commitStatus,
                name: run.line("name") ?? run.line("path") ?? "workflow \(id)",
                state: Self.state(status: run["status"]?.stringValue, conclusion: conclusion),
                url: run.link("html_url"),
                summary: conclusion == "startup_failure"
                    ? "The workflow could not be started: its file is invalid." : nil)
        }
    }

    static func state(status: String?, conclusion: String?) -> PipelineJob.State {
        switch status {
        case "completed": break
        case "in_progress": return .running
        default: return .waiting
        }
        switch conclusion {
        case "success": return .passed
        case "failure", "timed_out", "startup_failure": return .failed
        case "cancelled", "stale": return .cancelled
        // Someone has to do something on the forge, such as approve a first-time contributor's workflow.
        case "action_required": return .waiting
        default: return .skipped
        }
    }

    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog? {
        guard let id = Int(job.id) else { return nil }
        switch job.source {
        case .job:
            return try await client.log(
                .get("\(Self.path(repository))/actions/jobs/\(id)/logs", accept: "*/*", in: repository))
        case .checkRun: return try await annotations(of: id, job, in: repository)
        case .commitStatus: return nil
        }
    }

    /// What a check run says of lines, in the form that compilers print.
    private func annotations(
        of id: Int, _ job: PipelineJob, in repository: RepositoryName
    ) async throws -> JobLog? {
        let list = try await client.pages(
            "\(Self.path(repository))/check-runs/\(id)/annotations", size: Self.pageSize, in: repository,
            limit: client.limits.maximumJobs)
        var text = job.summary.map { $0 + "\n" } ?? ""
        for annotation in list.entries {
            guard let path = annotation.line("path"), let line = annotation["start_line"]?.intValue,
                let message = annotation.line("message")
            else { continue }
            let level =
                switch annotation["annotation_level"]?.stringValue {
                case "failure": "error"
                case "warning": "warning"
                default: "note"
                }
            let column = annotation["start_column"]?.intValue.map { "\($0):" } ?? ""
            text += "\(path):\(line):\(column) \(level): \(message)\n"
        }
        guard !text.isEmpty else { return nil }
        var ends = LogEnds(limit: client.limits.maximumLogBytes)
        ends.append(text.utf8)
        return ends.log
    }
}
