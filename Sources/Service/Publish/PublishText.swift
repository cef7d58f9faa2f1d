import AgentProtocol

/// Names and texts of what is published. All that they are made of is hostile: prompts, names of checks, templates.
enum PublishText {
    private static let maximumTitle = 200
    private static let maximumSubject = 72
    private static let maximumSlug = 40
    private static let maximumBody = 60_000

    /// The branch's name of a template; the caller checks it.
    static func branch(_ template: String, session: String, title: String, user: String) -> String {
        var name = template
        for (key, value) in [("{session}", slug(session)), ("{slug}", slug(title)), ("{user}", slug(user))] {
            name = name.split(separator: key, omittingEmptySubsequences: false).joined(separator: value)
        }
        return name
    }

    /// Small letters and digits of ASCII, everything else a dash; never empty.
    static func slug(_ text: String) -> String {
        var slug: [UInt8] = []
        for byte in text.lowercased().utf8 {
            let isKept = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
            if isKept {
                slug.append(byte)
            } else if slug.last != UInt8(ascii: "-"), !slug.isEmpty {
                slug.append(UInt8(ascii: "-"))
            }
            if slug.count == maximumSlug { break }
        }
        while slug.last == UInt8(ascii: "-") { slug.removeLast() }
        return slug.isEmpty ? "work" : String(decoding: slug, as: UTF8.self)
    }

    /// One line without control characters and those that turn the direction of writing.
    static func line(_ text: String, _ limit: Int = maximumTitle) -> String {
        let first = text.unicodeScalars.prefix(limit * 4).split { $0 == "\n" || $0 == "\r" }.first ?? []
        var kept = ""
        for scalar in first {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: continue
            default: kept.unicodeScalars.append(scalar)
            }
            if kept.utf8.count >= limit { break }
        }
        return kept
    }

    /// A commit's message.
    static func message(title: String, session: String, model: String, evidence: PublishEvidence) -> String {
        let subject = line(title, maximumSubject)
        var lines = [subject.isEmpty ? "Work of a session" : subject, "", "Cofferdam-Session: \(line(session))"]
        if !model.isEmpty { lines.append("Cofferdam-Model: \(line(model))") }
        lines.append("Cofferdam-Checks: \(evidence.summary)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The text of a pull or merge request.
    /// - Parameter template: of the repository.
    static func body(_ given: String?, template: String?, prompt: String, evidence: PublishEvidence) -> String {
        var parts: [String] = []
        if let given, !given.isEmpty { parts.append(capped(given, maximumBody / 2)) }
        if let template, !template.isEmpty { parts.append(capped(template, maximumBody / 4)) }
        if given == nil, !prompt.isEmpty { parts.append("> \(line(prompt, 1000))") }
        parts.append(evidence.markdown)
        return capped(parts.joined(separator: "\n\n"), maximumBody)
    }

    /// The text of a request that people may have changed: their words stay, what the checks proved is brought up to date.
    static func body(updating body: String, evidence: PublishEvidence) -> String {
        let heading = PublishEvidence.heading
        var lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.last == "\r" ? line.dropLast() : line
        }
        if let start = lines.firstIndex(where: { $0 == heading }) {
            let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("#") } ?? lines.endIndex
            let proof = evidence.markdown.split(separator: "\n", omittingEmptySubsequences: false)
            lines.replaceSubrange(start..<end, with: end < lines.endIndex ? proof + [""] : proof)
            return lines.joined(separator: "\n")
        }
        return body.isEmpty ? evidence.markdown : lines.joined(separator: "\n") + "\n\n" + evidence.markdown
    }

    private static func capped(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        return String(decoding: Array(text.utf8.prefix(limit)), as: UTF8.self) + "…"
    }

    /// Text that stands in a table of Markdown.
    static func cell(_ text: String) -> String {
        String(line(text).map { "`|<>[]*_\\@#&".contains($0) ? " " : $0 })
    }
}

/// What the session's checks prove of what is published.
struct PublishEvidence: Sendable, Equatable {
    var outcome: TurnOutcome?
    var checks: [CheckEvidence] = []
    var findings: [GateFinding] = []
    /// Why the checks do not speak of exactly these files; nil: they do.
    var gap: String?

    var isVerified: Bool { outcome == .verified }

    var summary: String {
        guard !checks.isEmpty else { return "none" }
        let words = checks.prefix(20).map { "\(PublishText.line($0.name, 60)) \($0.passed ? "passed" : "failed")" }
        return words.joined(separator: "; ")
    }

    /// What the part of the checks begins with in a request's text.
    static let heading = "### Checks"

    var markdown: String {
        var lines = [Self.heading, ""]
        if checks.isEmpty {
            lines.append("No check has run on this.")
        } else {
            lines += ["| check | required | result | errors | tests |", "|---|---|---|---|---|"]
            for check in checks.prefix(50) {
                let tests = check.tests.map { "\($0.passed) passed, \($0.failed) failed" } ?? ""
                lines.append(
                    "| \(PublishText.cell(check.name)) | \(check.required ? "yes" : "no") | "
                        + "\(check.passed ? "passed" : "failed") | \(check.errors) | \(tests) |")
            }
        }
        lines.append("")
        lines.append(isVerified ? "Verified: every required check passed." : "**Not verified.**")
        if let gap { lines.append(gap) }
        for finding in findings.prefix(20) { lines.append("- \(PublishText.cell(finding.message))") }
        return lines.joined(separator: "\n")
    }
}
