import Git

/// What a session's repository holds beside git's own: which commit stands for which step.
///
/// It lies in the repository as `cofferdam.json` and is replaced in one step, after the objects that it names.
public struct SessionHistory: Codable, Sendable, Equatable {
    /// Name and address of a person, as git has them.
    public struct Person: Codable, Sendable, Equatable {
        public var name: String
        public var email: String

        public init(name: String, email: String) {
            self.name = name
            self.email = email
        }
    }

    /// A commit, and its tree.
    public struct Point: Codable, Sendable, Equatable {
        public var commit: String
        public var tree: String
    }

    /// A step of the session.
    public struct Step: Codable, Sendable, Equatable {
        public var step: Int
        /// The commit that holds its files: that of an earlier step when it changed none.
        public var point: Point
        /// Its commit's first parent; nil when it has none, or made no commit.
        public var parent: Point?
        /// Files that it changed; zero: it made no commit.
        public var files: Int
        /// Milliseconds since 1970.
        public var time: Int
        /// First line of the commit's message.
        public var subject: String
    }

    public var sessionId: String
    /// What the user's own branch pointed at when the session began; nil: there was no commit. Its objects are not in the
    /// session's repository.
    public var head: String?
    /// Where the workspace lies in the commits' trees: empty, or a path without a slash at its end.
    public var prefix: String
    public var author: Person
    public var committer: Person
    /// What the first step stands on: `head` itself where the user's working tree was the same.
    public var base: Point
    /// The tree of what the session's files began with; that of `base`, but for a session that was forked.
    public var startTree: String
    /// In the order in which they were made.
    public var steps: [Step] = []
    /// What `refs/cofferdam/<session>` stands for.
    public var tip: Point

    /// The newest record of a step, as one that was cut is made again under its number.
    public func step(_ number: Int) -> Step? { steps.last { $0.step == number } }

    /// Whether the base is a commit of the session's own.
    public var hasBaseCommit: Bool { base.commit != head }

    /// The reference that the session's commits are at the end of.
    public var reference: String { Self.reference(sessionId) }

    public static func reference(_ sessionId: String) -> String { "refs/cofferdam/\(sessionId)" }

    /// Keeps the commit of a step that a restore left behind.
    public static func reference(_ sessionId: String, step: Int) -> String {
        "refs/cofferdam-steps/\(sessionId)/\(step)"
    }

    /// Everything that a repository must name so that no commit of the session is lost, by the name of the reference.
    public var references: [String: String] {
        let made = steps.filter { $0.files > 0 }
        var parents: [String: String] = [:]
        for step in made { parents[step.point.commit] = step.parent?.commit }
        var current: Set<String> = []
        var next: String? = tip.commit
        while let commit = next, current.insert(commit).inserted { next = parents[commit] }
        let followed = Set(made.compactMap { $0.parent?.commit })
        var names: [String: String] = [:]
        if hasBaseCommit || !current.isDisjoint(with: made.map(\.point.commit)) { names[reference] = tip.commit }
        for step in made where !current.contains(step.point.commit) && !followed.contains(step.point.commit) {
            names[Self.reference(sessionId, step: step.step)] = step.point.commit
        }
        return names
    }
}
