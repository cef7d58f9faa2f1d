/// A text that takes entries as long as they fit.
struct BoundedText {
    private let limit: Int
    private(set) var text = ""
    /// Whether only the headline is there.
    private(set) var isFirstEntry = true

    init(limit: Int) { self.limit = max(0, limit) }

    var room: Int { limit - text.utf8.count }

    /// Appends what fits.
    mutating func append(_ part: String) {
        text += part.utf8.count <= room ? part : String(part[...].limited(toBytes: room))
    }

    /// Appends an entry if so much room stays after it; the very first one even when it must be cut.
    mutating func append(_ entry: String, keeping reserve: Int) -> Bool {
        if entry.utf8.count > room - reserve {
            guard isFirstEntry, room > reserve else { return false }
            text += entry[...].limited(toBytes: room - reserve)
            if text.utf8.last != 0x0A, room > 0 { text += "\n" }
            isFirstEntry = false
            return true
        }
        text += entry
        isFirstEntry = false
        return true
    }
}
