/// Names of what is not taken, with the reasons: a few, for the user.
struct LeftOut {
    private var notes: [String] = []
    private var secrets: [String] = []
    private var moreSecrets = 0

    private static let maximum = 20
    /// Those are always told before the others.
    private static let maximumSecrets = 40

    /// The secrets first.
    var texts: [String] {
        var texts = secrets
        if moreSecrets > 0 { texts.append("\(moreSecrets) more files that look like secrets") }
        return texts + notes
    }

    mutating func note(_ path: String, _ reason: String) {
        if notes.count < Self.maximum { notes.append("\(path.isEmpty ? "." : path) \(reason)") }
    }

    /// A file that looks like a secret, and how it is taken nevertheless.
    mutating func secret(_ path: String, _ reason: String) {
        if secrets.count < Self.maximumSecrets {
            secrets.append("\(path) \(reason) (allow it with workspace: {secrets: [...]} in .cofferdam.yaml)")
        } else {
            moreSecrets += 1
        }
    }

    mutating func add(_ other: [String]) {
        notes += other.prefix(max(0, Self.maximum - notes.count))
    }
}
