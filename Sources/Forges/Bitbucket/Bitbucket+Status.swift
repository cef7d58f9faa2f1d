import JSON

extension Bitbucket {
    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus {
        let path = Self.path(repository)
        var (jobs, isTruncated) = try await steps(of: commit, in: repository)
        let statuses = try await pages(
            "\(path)/commit/\(PercentEncoding.part(commit))/statuses", in: repository,
            limit: client.limits.maximumJobs)
        isTruncated = isTruncated || statuses.isTruncated
        // Pipelines set a status too; where their steps are known it says it twice.
        let hasSteps = !jobs.isEmpty
        jobs += statuses.entries.compactMap(Self.job(status:)).filter { job in
            !hasSteps || !(job.url?.contains("/pipelines/results/") ?? false)
        }
        return PipelineStatus(commit: commit, jobs: jobs, isTruncated: isTruncated)
    }

    /// The steps of the commit's newest pipeline on each target; none where pipelines are off or not ours to see.
    private func steps(of commit: String, in repository: RepositoryName) async throws -> ([PipelineJob], Bool) {
        let path = Self.path(repository)
        do {
            let pipelines = try await pages(
                "\(path)/pipelines/", [("target.commit.hash", commit), ("sort", "-created_on")], in: repository,
                limit: Self.maximumPipelines)
            var isTruncated = pipelines.isTruncated
            var jobs: [PipelineJob] = []
            var seen = Set<String>()
            for pipeline in pipelines.entries {
                let target = pipeline["target"]
                guard let id = pipeline["uuid"]?.stringValue, target?["commit"]?["hash"]?.stringValue == commit,
                    seen.insert("\(target?["ref_name"]?.stringValue ?? "") \(target?["selector"]?.text ?? "")").inserted
                else { continue }
                let list = try await pages(
                    "\(path)/pipelines/\(PercentEncoding.part(id))/steps/", in: repository,
                    limit: max(0, client.limits.maximumJobs - jobs.count))
                isTruncated = isTruncated || list.isTruncated
                jobs += list.entries.compactMap { Self.job($0, pipeline: id) }
            }
            return (jobs, isTruncated)
        } catch ForgeError.notFound, ForgeError.forbidden {
            return ([], false)
        }
    }

    private static let maximumPipelines = 20

    /// Between the ids of a pipeline and of its step; neither has it.
    private static let separator: Character = "/"

    private static func job(_ step: JSON, pipeline: String) -> PipelineJob? {
        guard let id = step["uuid"]?.stringValue, !id.contains(separator), !pipeline.contains(separator) else {
            return nil
        }
        let state: PipelineJob.State =
            switch step["state"]?["name"]?.stringValue {
            case "COMPLETED":
                switch step["state"]?["result"]?["name"]?.stringValue {
                case "SUCCESSFUL": .passed
                case "FAILED", "ERROR", "EXPIRED": .failed
                case "STOPPED": .cancelled
                default: .skipped
                }
            case "IN_PROGRESS": .running
            default: .waiting
            }
        return PipelineJob(
            id: "\(pipeline)\(separator)\(id)", source: .job, name: step.line("name") ?? "step", state: state,
            summary: step["state"]?["result"]?["error"]?.line("message"))
    }

    static func job(status json: JSON) -> PipelineJob? {
        guard let key = json.line("key") else { return nil }
        return PipelineJob(
            id: key, source: .commitStatus, name: json.line("name") ?? key, state: state(of: json),
            url: json.link("url"), summary: json.line("description"))
    }

    /// Cloud says STOPPED, Data Center CANCELLED.
    private static func state(of json: JSON) -> PipelineJob.State {
        switch json["state"]?.stringValue {
        case "SUCCESSFUL": .passed
        case "FAILED": .failed
        case "STOPPED", "CANCELLED": .cancelled
        case "UNKNOWN": .skipped
        default: .running
        }
    }

    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog? {
        let ids = job.id.split(separator: Self.separator)
        guard job.source == .job, ids.count == 2 else { return nil }
        let path =
            "\(Self.path(repository))/pipelines/\(PercentEncoding.part(String(ids[0])))"
            + "/steps/\(PercentEncoding.part(String(ids[1])))/log"
        // Any other type is refused with 406.
        return try await client.log(.get(path, accept: "application/octet-stream", in: repository))
    }

    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment] {
        let list = try await pages(
            "\(Self.path(repository))/pullrequests/\(number)/comments", [("sort", "-updated_on")], in: repository,
            limit: client.limits.maximumComments)
        return ReviewComment.sorted(list.entries.compactMap(comment), since: since)
    }

    private func comment(_ json: JSON) -> ReviewComment? {
        guard json["deleted"]?.boolValue != true, json["pending"]?.boolValue != true, let id = json["id"]?.intValue,
            let body = json["content"]?.text("raw", client.limits), !body.isEmpty,
            let updated = json.line("updated_on") ?? json.line("created_on")
        else { return nil }
        let place = json["inline"]
        let kind: ReviewComment.Kind = place?["path"]?.stringValue == nil ? .conversation : .line
        let user = json["user"]
        return ReviewComment(
            id: "\(kind.rawValue)-\(id)", kind: kind,
            author: user?.line("nickname") ?? user?.line("display_name") ?? "unknown",
            isBot: user?["type"]?.stringValue.map { $0 == "app_user" || $0 == "AppUser" } ?? false, body: body,
            path: place?.line("path"), line: place?["to"]?.intValue, updated: updated,
            url: json["links"]?["html"]?.link("href"), isResolved: json["resolution"]?.objectValue != nil)
    }
}
