/// A file that a tool named.
enum FoundPath: Sendable, Hashable {
    /// Relative to the workspace folder.
    case inside(String)
    /// Elsewhere: a system header, an installed package.
    case outside(String)

    var inside: String? {
        if case .inside(let path) = self { path } else { nil }
    }
}

/// From the names that tools print to files of the workspace.
struct PathResolver {
    let root: String
    var directories: DirectoryTracker
    private let otherDirectories: [String]
    private let source: WorkspaceSource
    /// Whether a file of the workspace exists, by path.
    private var known: [String: Bool] = [:]
    private var bySuffix: [String: String?] = [:]
    /// Names resolved from a directory, since a file is named in many lines.
    private var resolved: [String: FoundPath] = [:]
    private var probes = 0

    /// A cache beyond this many files is begun anew, so that a hostile output cannot fill the memory.
    private static let cacheLimit = 4096
    /// How often the workspace is asked whether a file exists; a hostile output names a new one in every line.
    private static let mostProbes = 20_000

    init(root: String, workingDirectory: String, survey: OutputSurvey, source: WorkspaceSource) {
        let root = PathText.normalised(root)
        self.root = root
        let base = PathText.normalised(PathText.join(root, workingDirectory))
        directories = DirectoryTracker(base: base)
        otherDirectories = survey.enteredDirectories.map { PathText.normalised(PathText.join(base, $0)) }
        self.source = source
    }

    /// The file that a tool means by a name, seen from where it runs now.
    ///
    /// A relative name is tried from the current directory, then from where the command ran, then from every
    /// directory that the output says was entered: with the streams apart the current one may be unknown.
    mutating func resolve(_ name: String) -> FoundPath? {
        let path = PathText.fromURI(name)
        guard !path.isEmpty, path.utf8.count <= DiagnosticLimits.pathBytes,
            !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { return nil }
        if path.utf8.contains(UInt8(ascii: "\\")) || PathText.hasDrive(path) { return windows(path) }
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        let joined = PathText.join(directories.current, path)
        if let known = resolved[joined] { return known }
        if resolved.count >= Self.cacheLimit { resolved = [:] }
        let first = classify(PathText.normalised(joined))
        let found = isAbsolute || exists(first) ? first : elsewhere(path) ?? first
        resolved[joined] = found
        return found
    }

    /// A name as tools of Windows write it: with a drive, the one file of the workspace that ends in as much of it as
    /// possible; else with its separators turned.
    private mutating func windows(_ name: String) -> FoundPath? {
        let turned = name.utf8.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
        let path = String(decoding: turned, as: UTF8.self)
        guard PathText.hasDrive(path) else {
            // A backslash may be part of a name here.
            let literal = classify(PathText.normalised(PathText.join(directories.current, name)))
            return exists(literal) || path.utf8.contains(UInt8(ascii: ":")) ? literal : resolve(path)
        }
        if let known = resolved[path] { return known }
        if resolved.count >= Self.cacheLimit { resolved = [:] }
        let parts = PathText.normalised(path).utf8.split(separator: UInt8(ascii: "/")).dropFirst().suffix(8)
            .map { String(Substring($0)) }
        for first in parts.indices {
            guard let found = uniqueFile(endingIn: parts[first...].joined(separator: "/")) else { continue }
            resolved[path] = found
            return found
        }
        return .outside(path)
    }

    private mutating func elsewhere(_ path: String) -> FoundPath? {
        for directory in [directories.base] + otherDirectories {
            let candidate = classify(PathText.normalised(PathText.join(directory, path)))
            if exists(candidate) { return candidate }
        }
        return nil
    }

    /// The one file of the workspace whose path ends in these components, or of several the one in the directory that
    /// was entered; else nil.
    mutating func uniqueFile(endingIn suffix: String) -> FoundPath? {
        let directory = directories.current
        let key = directory == directories.base ? suffix : "\(directory):\(suffix)"
        if let cached = bySuffix[key] { return cached.map { .inside($0) } }
        if bySuffix.count >= Self.cacheLimit { bySuffix = [:] }
        guard probes < Self.mostProbes else { return nil }
        probes += 1
        var files = source.filesNamed(suffix)
        if files.count > 1, case .inside(let folder) = classify(directory) {
            files = files.filter { $0.hasPrefix(folder + "/") }
        }
        let only = files.count == 1 ? files[0] : nil
        bySuffix[key] = .some(only)
        return only.map { .inside($0) }
    }

    /// Whether it is a file of the workspace that can be read.
    mutating func exists(_ path: FoundPath) -> Bool {
        guard case .inside(let path) = path else { return false }
        if let answer = known[path] { return answer }
        guard probes < Self.mostProbes else { return false }
        probes += 1
        if known.count >= Self.cacheLimit { known = [:] }
        let answer = source.line(path, 1) != nil
        known[path] = answer
        return answer
    }

    func sourceLine(_ path: String, _ line: Int) -> String? { source.line(path, line) }

    private func classify(_ path: String) -> FoundPath {
        if let relative = PathText.relative(path, to: root), !relative.isEmpty { return .inside(relative) }
        return .outside(path)
    }
}
