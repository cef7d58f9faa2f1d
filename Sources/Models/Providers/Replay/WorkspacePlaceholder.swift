/// The path of a workspace, to be found in texts.
struct WorkspacePath: Sendable {
    /// Nil when there is none, or one so short that it would be found everywhere.
    let text: String?

    init(_ path: String?) {
        var path = path ?? ""
        while path.hasSuffix("/") { path.removeLast() }
        text = path.isEmpty ? nil : path
    }

    /// `text` with a name in the path's place, wherever it stands for itself.
    func replaced(in text: String, with name: String) -> String {
        guard let path = self.text else { return text }
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: path) {
            let next = rest[range.upperBound...].first
            // "/home/a/work" is not a part of "/home/a/workshop".
            let isWhole = next.map { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") } ?? true
            result += rest[..<range.lowerBound]
            result += isWhole ? name : path
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}

/// Puts the workspace's path in the place of `${WORKSPACE}`, so that a written conversation plays in any folder.
struct WorkspacePlaceholder: Sendable {
    static let text = "${WORKSPACE}"

    private let path: WorkspacePath

    init(path: String?) { self.path = WorkspacePath(path) }

    /// A recorded text as it is to be read here.
    func resolve(_ text: String) -> String {
        guard let path = path.text else { return text }
        return text.replacing(Self.text, with: path)
    }

    func resolve(_ block: ContentBlock) -> ContentBlock { block.mapTexts(resolve) }
}
