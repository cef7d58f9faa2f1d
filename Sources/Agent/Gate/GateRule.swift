/// Ways to make checks pass without mending what they test.
///
/// The reference lists them in its section on gate rules, in the same words; a test holds the two together.
enum GateRule: String, CaseIterable, Sendable {
    case testDeleted = "test-deleted"
    case testSkipped = "test-skipped"
    case fewerTestsRun = "fewer-tests-run"
    case assertionWeakened = "assertion-weakened"
    case failingTestChanged = "failing-test-changed"
    case exitForced = "exit-forced"
    case testDetected = "test-detected"
    case warningsLowered = "warnings-lowered"
    case diagnosticSuppressed = "diagnostic-suppressed"
    case configurationChanged = "check-configuration-changed"
    case commandChanged = "check-command-changed"
    case toolShadowed = "tool-shadowed"
    case notReviewed = "change-not-reviewed"

    /// What it finds, for the reference.
    var summary: String {
        switch self {
        case .testDeleted:
            "a test, or a file of tests, is gone; one that moved, or was renamed as it is, is not"
        case .testSkipped:
            "a test is newly skipped, disabled, ignored, expected to fail, or made to return before it tests"
        case .fewerTestsRun:
            "a check ran fewer tests, or skipped more, than when its tests were counted first"
        case .assertionWeakened:
            "a test has fewer assertions than before, only such that always hold, or catches their failures"
        case .failingTestChanged:
            "what a test asserts was changed, and that test failed before"
        case .exitForced:
            "a test, or a script that a check runs, ends with success whatever happened (`exit 0`, `|| true`)"
        case .testDetected:
            "code outside of the tests asks whether it is being tested"
        case .warningsLowered:
            "a warning level is lower: `-Wall` or `-Werror` removed, `-w` or `-Wno-…` added, `strict` off"
        case .diagnosticSuppressed:
            "a comment or attribute that silences a tool is new: `noqa`, `NOLINT`, `eslint-disable`, `#[allow]`"
        case .configurationChanged:
            "the configuration of a tool that a check may use was changed other than to tighten it"
        case .commandChanged:
            "what a check runs (script, make target, package script, registered test) was changed other than by additions"
        case .toolShadowed:
            "a file takes the place of a tool or of one of its modules: `pytest.py`, `sitecustomize.py`, a `make` of its own"
        case .notReviewed:
            "a changed file is too large to be looked at, or there are too many"
        }
    }
}
