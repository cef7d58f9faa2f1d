import AgentProtocol

/// A session's transcript: its file and where the text stands.
struct Transcript: Sendable {
    let file: any TranscriptFile
    private var renderer = TranscriptRenderer()
    /// After a failed write (a full disk) nothing more is tried: a transcript with holes would mislead.
    private var hasFailed = false

    init(file: any TranscriptFile, session: String, folder: String) throws(FileAccessError) {
        self.file = file
        try file.append(Array(renderer.header(session: session, folder: folder).utf8))
    }

    mutating func append(_ params: AgentProgress.Params) throws(FileAccessError) {
        let text = renderer.render(params)
        guard !text.isEmpty, !hasFailed else { return }
        do throws(FileAccessError) {
            try file.append(Array(text.utf8))
        } catch {
            hasFailed = true
            throw error
        }
    }

    /// A file name for a session id, which is the service's word.
    static func fileName(session: String) -> String {
        let isPlain =
            !session.isEmpty && session.utf8.count <= 80 && !session.hasPrefix(".")
            && session.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        if isPlain { return session }
        // FNV-1a: enough to keep odd names apart; the file is not shared with anyone.
        let hash = session.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return "session-\(String(hash, radix: 16))"
    }
}
