/// The files that a session started from, as far as its diagnostics name them, followed through what the user does.
struct SessionTexts: Sendable {
    let folder: String
    /// Whether the texts are those that the session got, not only those of when this editor met it.
    let areOriginal: Bool
    /// By absolute path: as a buffer was when the session began, or when it was opened later.
    private var opened: [String: TextBuffer]
    /// By absolute path.
    private(set) var followed: [String: FollowedText] = [:]

    /// Larger files are not followed: their diagnostics stand where the tool saw them.
    static let mostFileBytes = 4 * 1024 * 1024
    /// A session with diagnostics in more files than this has other troubles than their exact places.
    private static let mostFiles = 2000

    init(folder: String, areOriginal: Bool, documents: DocumentStore) {
        self.folder = folder
        self.areOriginal = areOriginal
        opened = [:]
        for document in documents.all {
            guard let path = document.path, FileURI.relative(path, to: folder) != nil else { continue }
            opened[path] = document.buffer
        }
    }

    /// Follows a file from here on, unless it is followed already.
    /// - Parameters:
    ///   - buffer: of the open document.
    ///   - disk: what the file has; nil when there is none.
    mutating func follow(_ path: String, buffer: TextBuffer?, disk: () -> TextBuffer?) {
        guard followed[path] == nil, followed.count < Self.mostFiles else { return }
        // Where both are known, the file is not read.
        let file = opened[path] == nil || buffer == nil ? disk() : nil
        guard let base = opened[path] ?? file else { return }
        followed[path] = FollowedText(base: base, current: buffer ?? file ?? base)
    }

    /// The buffer of a file was opened.
    mutating func open(_ path: String, _ text: TextBuffer) {
        guard FileURI.relative(path, to: folder) != nil else { return }
        if opened[path] == nil, followed[path] == nil { opened[path] = text }
        replace(path, text)
    }

    mutating func change(_ path: String, _ edits: [LineEdit], to text: TextBuffer) {
        followed[path]?.follow(edits, to: text)
    }

    /// The user sees another text for a file.
    mutating func replace(_ path: String, _ text: TextBuffer) { followed[path]?.replace(text) }
}
