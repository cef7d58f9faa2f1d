import AgentProtocol

/// The message of a step's commit: a line that says what was asked for, and the trailers.
///
/// What it is made of comes from models, repositories and users: each part is one line without control characters, and
/// capped.
enum CommitText {
    /// As long as tools show a subject.
    static let maximumSubject = 72
    private static let maximumPrompt = 500
    private static let maximumName = 100
    private static let maximumChecks = 2000

    /// - Parameters:
    ///   - prompt: nil: nobody asked for anything yet.
    ///   - treeHash: of the workspace as checks and `agent/diff` name it.
    static func message(
        sessionId: String, step: Int, prompt: String?, model: String, checks: [CheckEvidence], treeHash: String
    ) -> (subject: String, text: String) {
        let prompt = prompt.map { firstLine($0) } ?? ""
        let number = " (step \(step))"
        let wanted = prompt.isEmpty ? "Work of the session \(line(sessionId, maximumName))" : prompt
        let subject = capped(wanted, maximumSubject - number.utf8.count) + number
        var trailers = [
            "Cofferdam-Session: \(line(sessionId, maximumName))", "Cofferdam-Step: \(step)",
        ]
        if !prompt.isEmpty { trailers.append("Cofferdam-Prompt: \(capped(prompt, maximumPrompt))") }
        trailers.append("Cofferdam-Model: \(line(model, maximumName))")
        trailers.append("Cofferdam-Checks: \(checksText(checks))")
        trailers.append("Cofferdam-Tree: \(line(treeHash, maximumName))")
        return (subject, "\(subject)\n\n\(trailers.joined(separator: "\n"))\n")
    }

    private static func checksText(_ checks: [CheckEvidence]) -> String {
        guard !checks.isEmpty else { return "none" }
        let words = checks.sorted { $0.name < $1.name }.map {
            "\(line($0.name, maximumName)) \($0.passed ? "passed" : "failed")"
        }
        return capped(words.joined(separator: "; "), maximumChecks)
    }

    /// The first line that says something.
    static func firstLine(_ text: String) -> String {
        for part in text.utf8.prefix(64 << 10).split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let clean = line(String(decoding: part, as: UTF8.self), maximumPrompt)
            if !clean.isEmpty { return clean }
        }
        return ""
    }

    /// One line without control characters and without those that turn the direction of writing, blanks at its ends cut.
    static func line(_ text: String, _ limit: Int) -> String {
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit * 4) {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator: kept.append(" ")
            case .format, .surrogate, .unassigned, .privateUse: continue
            default: kept.append(scalar)
            }
        }
        let words = String(kept).utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        return capped(words.joined(separator: " "), limit)
    }

    /// At most `limit` bytes, at a scalar's border.
    private static func capped(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = String.UnicodeScalarView()
        var bytes = "…".utf8.count
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= limit else { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }
}
