/// Time at work: it stands still while a person is asked.
struct WorkClock: Sendable {
    private let started: ContinuousClock.Instant
    private var waited: Duration
    /// Questions that are open, and since when there is one.
    private var questions = 0
    private var asked: ContinuousClock.Instant?

    /// - Parameters:
    ///   - elapsed: since the beginning, under a former service; time without a service does not count.
    ///   - waited: the part of it in which somebody was asked.
    init(now: ContinuousClock.Instant, elapsed: Duration = .zero, waited: Duration = .zero) {
        started = now - elapsed
        self.waited = waited
    }

    mutating func asks(now: ContinuousClock.Instant) {
        if questions == 0 { asked = now }
        questions += 1
    }

    mutating func answered(now: ContinuousClock.Instant) {
        guard questions > 0 else { return }
        questions -= 1
        guard questions == 0, let asked else { return }
        waited += now - asked
        self.asked = nil
    }

    var isStanding: Bool { asked != nil }

    /// Since the beginning, waiting included.
    func elapsed(now: ContinuousClock.Instant) -> Duration { now - started }

    func waited(now: ContinuousClock.Instant) -> Duration { waited + (asked.map { now - $0 } ?? .zero) }

    func worked(now: ContinuousClock.Instant) -> Duration { elapsed(now: now) - waited(now: now) }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}
