import AgentProtocol
import Forges

/// What a session knows of its publication: a value that is kept, and that decides what a look at the forge leads to.
struct PublicationWatch: Codable, Sendable, Equatable {
    enum Phase: String, Codable, Sendable {
        /// CI has not come to its end on the commit.
        case waiting
        /// A prompt of the watch is being worked on.
        case repairing
        /// CI has ended on the commit; people may comment, merge or close.
        case settled
    }

    /// What a look at the forge leads to.
    enum Step: Sendable, Equatable {
        case none
        /// Read the logs of these jobs, and tell of them.
        case report([PipelineJob])
        /// What CI found before is mended.
        case clear
        /// Nobody looks any more.
        case end(String)
    }

    var publication: Publication
    var settings: WatchSettings
    /// Milliseconds since 1970.
    var startedAt: Int
    /// When the commit was pushed.
    var pushedAt: Int
    var phase = Phase.waiting
    /// Repairs of CI's failures so far.
    var rounds = 0
    var commentRounds = 0
    /// Comments that were dealt with, each with the time of its change.
    var seen: [String] = []
    /// Change time of the newest of them.
    var commentsSince: String?
    /// The prompt of the watch that is worked on, or was.
    var work: Work?
    /// Seconds that the forge asks to be left alone.
    var pause: Double?
    /// Diagnostics that were told, by the name of their check.
    var shown: [String: Int] = [:]
    /// What was told last.
    var told: PublicationUpdated?
    /// Looks in a row that showed nothing new.
    var quiet = 0
    /// Looks in a row that failed.
    var failures = 0

    /// What became of a prompt of the watch: other turns of the session are not its business.
    struct Work: Codable, Sendable, Equatable {
        var prompt: Int
        /// Where the watch goes on when nothing comes of it: CI may not have come to its end meanwhile.
        var returnsTo: Phase
        var outcome: TurnOutcome?
        /// Hash of the files that it left.
        var tree: String?
    }

    /// Looks that may fail in a row: with the longest interval that is above an hour.
    static let mostFailures = 20
    private static let mostSeen = 1000
    static let mostJobsTold = 100

    init(_ publication: Publication, _ settings: WatchSettings, now: Int) {
        self.publication = publication
        self.settings = settings
        startedAt = now
        pushedAt = now
    }

    /// Another commit was pushed.
    mutating func pushed(_ publication: Publication, now: Int) {
        self.publication = publication
        pushedAt = now
        phase = .waiting
        work = nil
        quiet = 0
        failures = 0
    }

    /// Time until the next look.
    func delay() -> Duration {
        let factor = Double(1 << min(max(quiet, failures * 2) / 2, 10))
        let usual = min(settings.intervalSeconds * factor, settings.maximumIntervalSeconds)
        return .seconds(max(usual, pause ?? 0))
    }

    func isOver(now: Int) -> Bool {
        Double(now - startedAt) / 1000 > settings.timeoutSeconds
    }

    /// The event that tells of a status; nil when it was told already.
    mutating func update(_ status: PipelineStatus, _ change: PublishedChange?) -> PublicationUpdated? {
        let update = self.update(
            status.jobs.prefix(Self.mostJobsTold).map {
                PublicationUpdated.Job(
                    name: $0.name, state: .init(rawValue: $0.state.rawValue) ?? .waiting, url: $0.url)
            }, .init(rawValue: status.state.rawValue) ?? .none, change)
        guard update != told else {
            quiet += 1
            return nil
        }
        quiet = 0
        told = update
        return update
    }

    func update(
        _ jobs: [PublicationUpdated.Job], _ ci: PublicationUpdated.CI, _ change: PublishedChange?,
        watching: Bool = true, reason: String? = nil
    ) -> PublicationUpdated {
        PublicationUpdated(
            branch: publication.branch, commit: publication.commit, number: publication.number, url: publication.url,
            change: change.flatMap { .init(rawValue: $0.state.rawValue) } ?? told?.change, ci: ci, jobs: jobs,
            round: rounds, rounds: settings.repairRounds, watching: watching, reason: reason)
    }

    /// What a look leads to, by what it saw.
    mutating func step(_ status: PipelineStatus, _ change: PublishedChange?, now: Int) -> Step {
        if let change, change.state != .open {
            return .end("the \(change.state == .merged ? "change was merged" : "change was closed")")
        }
        if isOver(now: now) { return .end("\(Int(settings.timeoutSeconds / 3600)) h have passed") }
        guard phase == .waiting else { return phase == .settled ? ending() : .none }
        switch status.state {
        case .none:
            guard Double(now - pushedAt) / 1000 > settings.appearanceSeconds else { return .none }
            phase = .settled
            return ending("no CI has begun")
        case .running: return .none
        case .passed:
            phase = .settled
            return shown.isEmpty ? ending("CI passed") : .clear
        case .failed:
            // All that fails is told at once, so that one repair can mend it.
            guard status.isFinished else { return .none }
            phase = .settled
            return .report(status.failedJobs)
        }
    }

    /// Where only CI is waited for, nothing is left to wait for.
    func ending(_ reason: String = "CI has ended") -> Step {
        settings.comments == nil ? .end(reason) : .none
    }

    /// Comments that were not dealt with yet; from here on they are.
    mutating func take(_ comments: [ReviewComment]) -> [ReviewComment] {
        var known = Set(seen)
        let fresh = comments.filter { !$0.isResolved && known.insert("\($0.id) \($0.updated)").inserted }
        seen += fresh.map { "\($0.id) \($0.updated)" }
        seen.removeFirst(max(0, seen.count - Self.mostSeen))
        commentsSince = comments.last?.updated ?? commentsSince
        return fresh
    }
}
