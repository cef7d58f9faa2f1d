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

    /// More changes than this in one message are looked at as one: what each of them did is not worth its price.
    static let mostEdits = 64

    /// Returns which lines changed, edit after edit, each in the lines that the one before left.
    @discardableResult
    mutating func apply(_ changes: [LSP.ContentChange], mapper: PositionMapper) -> [LineEdit] {
        guard changes.count <= Self.mostEdits else {
            let before = buffer
            for change in changes { replace(change, mapper) }
            return Self.edits(from: before.lines, to: buffer.lines, at: 0)
        }
        return changes.flatMap { change in
            guard let range = change.range else {
                let before = buffer
                replace(change, mapper)
                return Self.edits(from: before.lines, to: buffer.lines, at: 0)
            }
            let places = [range.start, range.end].map { mapper.point(of: $0, in: buffer).line }.sorted()
            let (first, last) = (places[0], places[1])
            let before = Array(buffer.lines[first...last])
            let count = buffer.lines.count
            replace(change, mapper)
            let after = Array(buffer.lines[first...(last + buffer.lines.count - count)])
            return Self.edits(from: before, to: after, at: first)
        }
    }

    private mutating func replace(_ change: LSP.ContentChange, _ mapper: PositionMapper) {
        guard let range = change.range else {
            buffer = TextBuffer(change.text)
            return
        }
        let start = mapper.point(of: range.start, in: buffer)
        let end = mapper.point(of: range.end, in: buffer)
        buffer.replace(from: start, to: end, with: Array(change.text.utf8))
    }

    /// The last first, so that none moves the others.
    private static func edits(from old: [[UInt8]], to new: [[UInt8]], at first: Int) -> [LineEdit] {
        LineDifference.hunks(from: old, to: new).reversed().map { hunk in
            LineEdit(
                lines: (hunk.old.lowerBound + first)..<(hunk.old.upperBound + first), count: hunk.new.count)
        }
    }
}
