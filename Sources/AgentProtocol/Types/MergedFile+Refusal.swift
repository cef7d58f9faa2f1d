extension MergedFile {
    /// Why there are no `contents`, for the user.
    public var refusal: String {
        conflicts
            ? "it has conflict markers of an earlier apply; resolve them and apply again"
            : "you changed the file since the session began, and it cannot be merged"
    }
}
