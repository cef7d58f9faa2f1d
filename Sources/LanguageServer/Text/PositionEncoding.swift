/// The units that a client counts `character` in (LSP 3.17, `general.positionEncodings`).
enum PositionEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    case utf16 = "utf-16"
    case utf32 = "utf-32"

    /// UTF-8 when offered, which needs no conversion; then UTF-32, then UTF-16, which every client must speak and
    /// which is meant when nothing is offered.
    static func negotiated(offered: [String]?) -> PositionEncoding {
        let offered = offered ?? []
        for encoding in [PositionEncoding.utf8, .utf32] where offered.contains(encoding.rawValue) {
            return encoding
        }
        return .utf16
    }
}
