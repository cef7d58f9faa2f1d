/// What is to become of one file: the change from `base` to `target` is made to what the user has.
struct FileChange: Sendable {
    var path: WorkspacePath
    /// What both sides began with.
    var base: FileImage
    var target: FileImage
    /// To be taken in place of `base` and `target` when the user's file is just that: earlier applies were taken back by hand.
    var beginning: Beginning?
    /// What is remembered of it once it is made.
    var memory: ApplyRecord.Entry?

    struct Beginning: Sendable {
        var base: FileImage
        var target: FileImage
        var memory: ApplyRecord.Entry?
    }

    /// The change as it is for a user who has `current`.
    func from(_ current: FileImage) -> FileChange {
        guard let beginning, beginning.base != base, beginning.base.looksLike(current) else { return self }
        var change = self
        (change.base, change.target, change.memory) = (beginning.base, beginning.target, beginning.memory)
        change.beginning = nil
        return change
    }
}
