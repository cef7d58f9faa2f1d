import AgentProtocol
import ArgumentParser

/// When output is coloured.
enum ColourChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never

    var isOn: Bool { self == .always || (self == .auto && Terminal.usesColour) }
}

/// Differences for the eye. What is shown is hostile: nothing of it reaches the terminal as it is.
struct DiffText {
    let isColoured: Bool

    /// A patch, its lines coloured by their kind.
    func patch(_ text: String) -> String {
        var result = ""
        var isHeader = true
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("diff --git ") { isHeader = true }
            if line.hasPrefix("@@") { isHeader = false }
            result += self.line(line, isHeader: isHeader) + "\n"
        }
        // The last one ends nothing.
        if result.hasSuffix("\n") { result.removeLast() }
        return result
    }

    private func line(_ line: Substring, isHeader: Bool) -> String {
        let text = Terminal.harmless(String(line))
        if isHeader { return text.isEmpty ? text : paint(text, .bold) }
        switch line.utf8.first {
        case UInt8(ascii: "@"): return paint(text, .cyan)
        case UInt8(ascii: "+"): return paint(text, .green)
        case UInt8(ascii: "-"): return paint(text, .red)
        case UInt8(ascii: "\\"): return paint(text, .dim)
        default: return text
        }
    }

    func paint(_ text: String, _ style: Terminal.Style) -> String {
        isColoured ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    // MARK: Statistics

    private static let mostSigns = 40

    /// As `git diff --stat`, with the number of hunks.
    func statistics(_ files: [FileDifference]) -> String {
        let rows = files.map { (file: $0, name: Terminal.name($0.path), lines: Self.lines(of: $0)) }
        let width = min(rows.map(\.name.count).max() ?? 0, 60)
        let most = max(rows.map { $0.lines.added + $0.lines.removed }.max() ?? 0, 1)
        var text = ""
        for row in rows {
            let name = row.name + String(repeating: " ", count: max(width - row.name.count, 0))
            text += " \(name) | \(details(row.file, row.lines, most))\n"
        }
        let (added, removed) = rows.reduce((0, 0)) { ($0.0 + $1.lines.added, $0.1 + $1.lines.removed) }
        return text
            + " \(Self.count(files.count, "file")) changed, \(Self.count(added, "insertion"))(+), "
            + "\(Self.count(removed, "deletion"))(-)\n"
    }

    private func details(_ file: FileDifference, _ lines: (added: Int, removed: Int), _ most: Int) -> String {
        var notes: [String] = []
        if file.binary { notes.append("binary") }
        if file.change != .modified { notes.append(file.change.rawValue) }
        if let old = file.oldMode, let new = file.newMode, old != new { notes.append("mode \(old) → \(new)") }
        if let hunks = file.hunks, hunks.count > 1 { notes.append("\(hunks.count) hunks") }
        if file.sensitive == true { notes.append("runs elsewhere once applied") }
        let note = notes.isEmpty ? "" : "  (\(notes.joined(separator: ", ")))"
        guard !file.binary else { return note.trimmedStart }
        let total = lines.added + lines.removed
        let scale = most > Self.mostSigns ? Double(Self.mostSigns) / Double(most) : 1
        let signs: (Int) -> Int = { $0 == 0 ? 0 : max(1, Int(Double($0) * scale)) }
        return "\(total) " + paint(String(repeating: "+", count: signs(lines.added)), .green)
            + paint(String(repeating: "-", count: signs(lines.removed)), .red) + note
    }

    private static func lines(of file: FileDifference) -> (added: Int, removed: Int) {
        if let hunks = file.hunks {
            return hunks.lazy.flatMap(\.changes).reduce((0, 0)) { ($0.0 + $1.newLines, $0.1 + $1.oldLines) }
        }
        var (added, removed) = (0, 0)
        var isHeader = true
        for line in file.patch.split(separator: "\n") {
            if line.hasPrefix("diff --git ") { isHeader = true }
            if line.hasPrefix("@@") { isHeader = false }
            guard !isHeader else { continue }
            if line.hasPrefix("+") { added += 1 }
            if line.hasPrefix("-") { removed += 1 }
        }
        return (added, removed)
    }

    private static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

extension String {
    fileprivate var trimmedStart: String { String(drop { $0 == " " }) }
}
