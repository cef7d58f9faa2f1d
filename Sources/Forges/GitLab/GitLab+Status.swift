import JSON

extension GitLab {
    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus {
        let path = Self.path(repository)
        let pipelines = try await client.pages(
            "\(path)/pipelines", [("sha", commit)], size: Self.pageSize, in: repository,
            limit: Self.maximumPipelines)
        var jobs: [PipelineJob] = []
        var isTruncated = pipelines.isTruncated
        var counted = Set<String>()
        for pipeline in Self.newest(pipelines.entries) {
            guard let id = pipeline["id"]?.intValue else { continue }
            let list = try await client.pages(
                "\(path)/pipelines/\(id)/jobs", [("include_retried", "false")], size: Self.pageSize, in: repository,
                limit: client.limits.maximumJobs - jobs.count)
            isTruncated = isTruncated || list.isTruncated
            let found = list.entries.compactMap { Self.job($0) }
            jobs += found
            counted.formUnion(found.map(\.id))
            if let job = Self.job(pipeline: pipeline, id, hasJobs: !found.isEmpty) { jobs.append(job) }
        }
        // Statuses that others set; the list also has the jobs, under the same ids.
        let statuses = try await client.pages(
            "\(path)/repository/commits/\(PercentEncoding.part(commit))/statuses", size: Self.pageSize, in: repository,
            limit: client.limits.maximumJobs)
        isTruncated = isTruncated || statuses.isTruncated
        jobs += statuses.entries.compactMap(Self.job(status:)).filter { !counted.contains($0.id) }
        return PipelineStatus(commit: commit, jobs: jobs, isTruncated: isTruncated)
    }

    /// A commit rarely has more: one of the branch, one of the merge request, some that were started by hand.
    private static let maximumPipelines = 20

    /// The newest pipeline of each source and ref: one that was started again stands for those before it.
    private static func newest(_ pipelines: [JSON]) -> [JSON] {
        var seen = Set<String>()
        return pipelines.sorted { ($0["id"]?.intValue ?? 0) > ($1["id"]?.intValue ?? 0) }.filter { pipeline in
            seen.insert("\(pipeline["source"]?.stringValue ?? "") \(pipeline["ref"]?.stringValue ?? "")").inserted
        }
    }

    private static func job(_ json: JSON) -> PipelineJob? {
        guard let id = json["id"]?.intValue, let name = json.line("name") else { return nil }
        return PipelineJob(
            id: String(id), source: .job, name: name, state: state(json), url: json.link("web_url"),
            summary: json.line("failure_reason"))
    }

    /// A pipeline that is not at its end, so that a job which does not exist yet is waited for, and one that failed
    /// before it had jobs: its file is wrong.
    private static func job(pipeline: JSON, _ id: Int, hasJobs: Bool) -> PipelineJob? {
        let state = state(pipeline)
        guard
            state == .running || state == .waiting && pipeline["status"]?.stringValue != "manual"
                || state == .failed && !hasJobs
        else { return nil }
        return PipelineJob(
            id: "pipeline-\(id)", source: .commitStatus, name: "pipeline \(id)", state: state,
            url: pipeline.link("web_url"), summary: state == .failed ? "The pipeline could not be made." : nil)
    }

    private static func job(status json: JSON) -> PipelineJob? {
        guard let id = json["id"]?.intValue, let name = json.line("name") else { return nil }
        return PipelineJob(
            id: String(id), source: .commitStatus, name: name, state: state(json), url: json.link("target_url"),
            summary: json.line("description"))
    }

    private static func state(_ json: JSON) -> PipelineJob.State {
        switch json["status"]?.stringValue {
        case "success": .passed
        case "failed": json["allow_failure"]?.boolValue == true ? .skipped : .failed
        case "canceled", "canceling": .cancelled
        case "running": .running
        // A job that someone must start holds nothing up.
        case "skipped", "manual": .skipped
        default: .waiting
        }
    }

    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog? {
        guard job.source == .job, let id = Int(job.id) else { return nil }
        return try await client.log(.get("\(Self.path(repository))/jobs/\(id)/trace", accept: "*/*", in: repository))
    }
}
