/// What policy says of an action; the greater is the weaker guard.
public enum Verdict: Int, Sendable, Comparable, CaseIterable {
    case deny = 0
    /// The user decides; no answer in time is a denial.
    case ask = 1
    case allow = 2

    public static func < (left: Verdict, right: Verdict) -> Bool { left.rawValue < right.rawValue }
}
