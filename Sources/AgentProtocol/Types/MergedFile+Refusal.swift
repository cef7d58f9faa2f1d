extension MergedFile {
    /// What a user is told of a file that was written with conflict markers.
    public static let markersNotice =
        "you and the session changed the same lines; both stand between conflict markers in the file"

    /// Why there are no `contents`, for the user.
    public var refusal: String {
        conflicts
            ? "it has conflict markers of an earlier apply; resolve them and apply again"
            : "you changed the file since the session began, and it cannot be merged"
    }
}
