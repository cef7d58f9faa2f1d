/// Lines of a buffer that an edit replaced, counted as they were right before it.
struct LineEdit: Sendable, Equatable {
    var lines: Range<Int>
    /// Lines that came in their place.
    var count: Int
}
