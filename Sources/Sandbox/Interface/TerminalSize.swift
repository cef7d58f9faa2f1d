/// Size of a terminal in character cells.
public struct TerminalSize: Sendable, Equatable {
    public var columns: Int
    public var rows: Int

    /// Both are kept within 1 and 65,535, the kernel's own bounds.
    public init(columns: Int, rows: Int) {
        self.columns = min(max(1, columns), Int(UInt16.max))
        self.rows = min(max(1, rows), Int(UInt16.max))
    }

    /// What programs expect where nobody says otherwise.
    public static let standard = TerminalSize(columns: 80, rows: 24)
}
