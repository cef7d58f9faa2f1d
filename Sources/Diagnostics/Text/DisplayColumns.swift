/// What a tool counts when it names a column.
enum ColumnUnit: Sendable, Hashable {
    /// Bytes of UTF-8.
    case bytes
    /// UTF-16 code units (the default of SARIF 2.1.0, section 3.14.17).
    case utf16
    /// Unicode scalars.
    case scalars
    /// Cells of a terminal, with a tab stop every 8 (gcc from version 11 on).
    case cells
}

/// Positions within a line.
enum ColumnMath {
    static let tabStop = 8

    /// The byte column (from 1) of a column in another unit; beyond the end of the line, the end.
    static func byteColumn(of column: Int, unit: ColumnUnit, in line: String) -> Int {
        let bytes = line.utf8.count
        let wanted = max(0, column - 1)
        if unit == .bytes { return min(wanted, bytes) + 1 }
        var seen = 0
        var offset = 0
        for scalar in line.unicodeScalars {
            if seen >= wanted { break }
            switch unit {
            case .bytes, .scalars: seen += 1
            case .utf16: seen += UTF16.width(scalar)
            case .cells: seen += cells(of: scalar, at: seen)
            }
            offset += UTF8.width(scalar)
        }
        return offset + 1
    }

    /// The byte column after so many cells from a byte column.
    static func byteColumn(_ start: Int, plusCells count: Int, in line: String) -> Int {
        var offset = 0
        var cell = 0
        var startCell: Int?
        for scalar in line.unicodeScalars {
            if offset >= start - 1 {
                let from = startCell ?? cell
                startCell = from
                if cell - from >= count { break }
            }
            cell += cells(of: scalar, at: cell)
            offset += UTF8.width(scalar)
        }
        return max(offset + 1, min(start, line.utf8.count + 1))
    }

    /// The byte column after the identifier that begins at a byte column, or after the one character there.
    static func endOfWord(at start: Int, in line: String) -> Int {
        let tail = line.utf8.dropFirst(max(0, start - 1))
        let word = tail.prefix { $0.isIdentifier }.count
        if word > 0 { return start + word }
        return tail.isEmpty ? start : start + 1
    }

    private static func cells(of scalar: Unicode.Scalar, at cell: Int) -> Int {
        switch scalar.value {
        case 0x09: tabStop - cell % tabStop
        case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            2
        default: 1
        }
    }
}
