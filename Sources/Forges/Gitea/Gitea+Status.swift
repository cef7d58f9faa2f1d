import JSON

extension Gitea {
    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus {
        let path = Self.path(repository)
        let (jobs, isTruncated) = try await actionJobs(of: commit, in: repository)
        let statuses = try await client.pages(
            "\(path)/commits/\(PercentEncoding.part(commit))/statuses", [("sort", "recentupdate")], size: Self.pageSize,
            in: repository, limit: client.limits.maximumJobs)
        // The newest of each context counts. Actions set statuses too; where their jobs are known these say it twice.
        var seen = Set<String>()
        let others = statuses.entries.sorted { ($0["id"]?.intValue ?? 0) > ($1["id"]?.intValue ?? 0) }.filter {
            status in
            guard seen.insert(status["context"]?.stringValue ?? "").inserted else { return false }
            return jobs.isEmpty || status["target_url"]?.stringValue?.contains("/actions/runs/") != true
        }
        return PipelineStatus(
            commit: commit, jobs: jobs + others.compactMap(Self.job(status:)),
            isTruncated: isTruncated || statuses.isTruncated)
    }

    /// Jobs of Actions: Gitea from 1.24 has them in its interface. Forgejo and older ones answer 404.
    private func actionJobs(of commit: String, in repository: RepositoryName) async throws -> ([PipelineJob], Bool) {
        let path = Self.path(repository)
        var jobs: [PipelineJob] = []
        do {
            let runs = try await client.pages(
                "\(path)/actions/runs", [("head_sha", commit)], size: Self.pageSize, member: "workflow_runs",
                in: repository, limit: Self.maximumRuns)
            var isTruncated = runs.isTruncated
            for run in runs.entries {
                // Forgejo's filter and names are others than Gitea's.
                guard let id = run["id"]?.intValue, run["head_sha"]?.stringValue == commit else { continue }
                let list = try await client.pages(
                    "\(path)/actions/runs/\(id)/jobs", size: Self.pageSize, member: "jobs", in: repository,
                    limit: client.limits.maximumJobs - jobs.count)
                isTruncated = isTruncated || list.isTruncated
                jobs += list.entries.compactMap { Self.job($0) }
            }
            return (jobs, isTruncated)
        } catch ForgeError.notFound, ForgeError.forbidden {
            return ([], false)
        }
    }

    private static let maximumRuns = 50

    private static func job(_ json: JSON) -> PipelineJob? {
        guard let id = json["id"]?.intValue, let name = json.line("name") else { return nil }
        return PipelineJob(
            id: String(id), source: .job, name: name,
            state: GitHub.state(status: json["status"]?.stringValue, conclusion: json["conclusion"]?.stringValue),
            url: json.link("html_url"))
    }

    private static func job(status json: JSON) -> PipelineJob? {
        guard let id = json.identifier("id"), let name = json.line("context") else { return nil }
        // Gitea's member is called `status`; the combined status and other forges have `state`.
        let state: PipelineJob.State =
            switch json["status"]?.stringValue ?? json["state"]?.stringValue {
            case "success", "warning": .passed
            case "failure", "error": .failed
            case "skipped": .skipped
            default: .running
            }
        return PipelineJob(
            id: id, source: .commitStatus, name: name, state: state, url: json.link("target_url"),
            summary: json.line("description"))
    }

    /// Only Gitea has logs in its interface.
    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog? {
        guard job.source == .job, let id = Int(job.id) else { return nil }
        return try await client.log(
            .get("\(Self.path(repository))/actions/jobs/\(id)/logs", accept: "*/*", in: repository))
    }
}
