import Git

/// What a remote has, as `git ls-remote --symref` tells it.
public struct RemoteReferences: Sendable, Equatable {
    /// A state that was looked up.
    public struct Resolved: Sendable, Equatable {
        /// The full name; nil for a commit that was named by its hash.
        public var name: String?
        /// The commit; for an annotated tag what it stands for.
        public var commit: ObjectID

        public init(name: String?, commit: ObjectID) {
            self.name = name
            self.commit = commit
        }
    }

    private var references: [String: ObjectID] = [:]
    /// What `HEAD` names there; nil when it is detached or the repository is empty.
    public private(set) var defaultBranch: String?

    /// More than the largest known repositories have.
    private static let mostReferences = 2_000_000

    /// - Returns: nil when the output is not that of `git ls-remote --symref`, or endless.
    public init?(parsing output: [UInt8]) {
        for line in output.split(separator: UInt8(ascii: "\n")) {
            guard let tab = line.firstIndex(of: UInt8(ascii: "\t")), references.count < Self.mostReferences else {
                return nil
            }
            // Names that are no UTF-8 cannot be asked for here.
            guard let name = String(validating: line[(tab + 1)...], as: UTF8.self) else { continue }
            let value = String(decoding: line[..<tab], as: UTF8.self)
            if value.hasPrefix("ref: ") {
                let target = String(value.dropFirst("ref: ".count))
                if name == "HEAD", Repository.isValidReference(target) { defaultBranch = target }
            } else {
                guard let id = ObjectID(hex: value) else { return nil }
                references[name] = id
            }
        }
    }

    /// Whether it has no commit at all.
    public var isEmpty: Bool { references.isEmpty }

    /// Looks a state up as a user writes it: a branch before a tag of the same name.
    /// - Parameter ref: a branch, a tag, a full name or forty hexadecimal digits; nil: the default branch.
    /// - Returns: nil when the remote has none of the name.
    public func resolve(_ ref: String?) -> Resolved? {
        guard let ref else {
            if let defaultBranch, let commit = references[defaultBranch] {
                return Resolved(name: defaultBranch, commit: commit)
            }
            return references["HEAD"].map { Resolved(name: "HEAD", commit: $0) }
        }
        let names = ref.hasPrefix("refs/") ? [ref] : ["refs/heads/\(ref)", "refs/tags/\(ref)"]
        for name in names where Repository.isValidReference(name) {
            guard let id = references[name] else { continue }
            return Resolved(name: name, commit: references["\(name)^{}"] ?? id)
        }
        return ObjectID(hex: ref).map { Resolved(name: nil, commit: $0) }
    }
}
