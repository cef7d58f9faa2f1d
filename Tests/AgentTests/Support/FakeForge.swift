import Forges
import Synchronization

@testable import Agent

/// A forge, and the service around it, as far as a watch sees them.
final class FakeForge: Forge, PublicationHost {
    struct State: Sendable {
        var statuses: [String: [PipelineJob]] = [:]
        var logs: [String: String] = [:]
        var comments: [ReviewComment] = []
        var change = PublishedChange.State.open
        /// Thrown once each, by the next looks.
        var failures: [ForgeError] = []
        var looks = 0
        var pushes = 0
        /// Fails a push.
        var pushError: ForgeError?
        /// What the next push becomes.
        var nextCommit = "b000000000000000000000000000000000000000"
    }

    let kind = ForgeKind.github
    let state = Mutex(State())

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func forge(for publication: Publication) async throws -> any Forge { self }

    func publishAgain(_ publication: Publication, session: String) async throws -> Publication {
        try state.withLock { state in
            if let error = state.pushError { throw error }
            state.pushes += 1
            var publication = publication
            publication.commit = state.nextCommit
            return publication
        }
    }

    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange {
        throw ForgeError.notConfigured("not asked for")
    }

    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange {
        try state.withLock { state in
            state.looks += 1
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            return PublishedChange(number: number, url: nil, state: state.change, isDraft: true)
        }
    }

    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus {
        state.withLock { PipelineStatus(commit: commit, jobs: $0.statuses[commit] ?? []) }
    }

    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog? {
        state.withLock { $0.logs[job.id].map { JobLog(bytes: Array($0.utf8)) } }
    }

    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment] {
        state.withLock { $0.comments }
    }

    func gitCredential(for repository: RepositoryName) async throws -> GitCredential {
        throw ForgeError.notConfigured("not asked for")
    }

    func shutdown() async {}
}
