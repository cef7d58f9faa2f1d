/// A buffer that the editor shows.
struct OpenDocument: Sendable {
    /// As the client spells it.
    let uri: String
    /// Nil when the buffer is no file.
    let path: String?
    var version: Int?
    var buffer: TextBuffer
    /// What is known to be on disk: what was there at `didOpen`, then what was saved. Nil: nothing.
    var saved: TextBuffer?

    /// Whether the user has changes here that are not on disk. Line endings that the editor hides do not count.
    var isDirty: Bool {
        guard let saved else { return true }
        if saved == buffer { return false }
        return !LineEndings.areEqual(saved.bytes, buffer.bytes)
    }

    /// The text as the editor would save it.
    var fileBytes: [UInt8] {
        guard let saved else { return buffer.bytes }
        return LineEndings.restored(buffer.bytes, like: saved.bytes)
    }

    mutating func apply(_ changes: [LSP.ContentChange], mapper: PositionMapper) {
        for change in changes {
            guard let range = change.range else {
                buffer = TextBuffer(change.text)
                continue
            }
            let start = mapper.point(of: range.start, in: buffer)
            let end = mapper.point(of: range.end, in: buffer)
            buffer.replace(from: start, to: end, with: Array(change.text.utf8))
        }
    }
}
