import AgentProtocol

/// Turns a session's events into Markdown that only grows: pure, one piece of text an event.
struct TranscriptRenderer: Sendable {
    /// Shown of one command's output, or of one text of the model; the log has the rest.
    static let mostBytesPerItem = 64 * 1024
    /// A transcript ends here, but for how its turns end: an editor has to load it.
    static let mostBytes = 16 * 1024 * 1024
    /// Items that have begun and not ended; more are a fault of the service.
    static let mostItems = 2000

    /// The text that is being written; another item's text begins with a heading of its own.
    private enum Block: Sendable, Equatable {
        case none
        case message(String)
        case reasoning(String)
        case output(String)
    }

    private struct Item: Sendable {
        var title: String
        var cleaner = OutputCleaner()
        /// What deltas brought, as it came, up to the cap.
        var received = ""
        var shownBytes = 0
        var hiddenBytes = 0
        var hasBegun = false
    }

    private var block = Block.none
    private var isAtLineStart = true
    private var items: [String: Item] = [:]
    private var writtenBytes = 0
    private var isFull = false

    /// The beginning of the file.
    mutating func header(session: String, folder: String) -> String {
        let text =
            "# Cofferdam session \(DisplayText.exact(session))\n\n"
            + "Folder \(MarkdownText.code(folder)). Times are UTC.\n"
        writtenBytes += text.utf8.count
        return text
    }

    mutating func render(_ params: AgentProgress.Params) -> String {
        if isFull, !Self.isEssential(params.event) { return "" }
        let text = renderEvent(params)
        writtenBytes += text.utf8.count
        if writtenBytes > Self.mostBytes, !isFull {
            isFull = true
            return text + endBlock() + "\n(The transcript ends here: it is too long. How turns end is still noted.)\n"
        }
        return text
    }

    private static func isEssential(_ event: AgentEvent) -> Bool {
        switch event {
        case .turnStarted, .turnCompleted, .sessionStatus, .approvalRequested, .approvalResolved, .resultApplied: true
        default: false
        }
    }

    private mutating func renderEvent(_ params: AgentProgress.Params) -> String {
        switch params.event {
        case .turnStarted(let event):
            let time = Wording.time(millisecondsSince1970: params.time)
            return section("## \(time) Prompt") + MarkdownText.prefixed(event.prompt, with: "> ")
                + images(event.images)
        case .promptReceived(let event):
            let how = event.delivery == .steer ? "Steered" : "Queued"
            return section("### \(how)") + MarkdownText.prefixed(event.text, with: "> ")
                + images(event.images)
        case .messageStarted, .reasoningStarted, .usageUpdated, .diagnosticsUpdated, .unknown: return ""
        case .messageDelta(let event): return delta(event.text, of: event.itemId, in: .message(event.itemId))
        case .messageCompleted(let event): return completed(event.text, of: event.itemId, in: .message(event.itemId))
        case .reasoningDelta(let event): return delta(event.text, of: event.itemId, in: .reasoning(event.itemId))
        case .reasoningCompleted(let event):
            return completed(event.text, of: event.itemId, in: .reasoning(event.itemId))
        case .modelRetried(let event):
            for item in event.voidItemIds { items[item] = nil }
            return note(
                "The model is asked again: \(DisplayText.exact(event.reason, limit: 500)). Begun texts are void.")
        case .budgetWarned(let event): return note(BudgetWords.warning(event) + ".")
        case .modelSwitched(let event):
            for item in event.voidItemIds { items[item] = nil }
            let void = event.voidItemIds.isEmpty ? "" : " Begun texts are void."
            return note(
                "\(MarkdownText.code(event.to)) goes on in place of \(MarkdownText.code(event.from)): "
                    + "\(DisplayText.exact(event.reason, limit: 500)).\(void)")
        case .toolCallStarted(let event): return toolCallStarted(event)
        case .toolCallCompleted(let event): return toolCallCompleted(event)
        case .outputDelta(let event): return output(event)
        case .fileChanged(let event):
            return section("### \(Self.verb(event.change)) \(MarkdownText.code(event.path))")
                + MarkdownText.fenced(Self.capped(event.patch), language: "diff")
        case .checkStarted(let event):
            begin(event.itemId, "Check \(event.name)")
            return section("### Check \(MarkdownText.code(event.name))") + command(event.command)
        case .checkCompleted(let event): return checkCompleted(event)
        case .approvalRequested(let event): return approvalRequested(event.approval)
        case .approvalResolved(let event):
            let feedback = event.resolution.feedback.map { ": \(DisplayText.exact($0, limit: 500))" } ?? ""
            return note("\(Wording.resolution(event.resolution))\(feedback).")
        case .resultApplied(let event): return resultApplied(event)
        case .snapshotTaken(let event): return snapshotTaken(event)
        case .snapshotFailed(let event):
            return note("Step \(event.step) was not kept: \(DisplayText.exact(event.reason, limit: 500)).")
        case .stepCommitted: return ""
        case .sessionPublished(let event):
            return note("Published \(DisplayText.exact(event.url ?? event.branch ?? event.kind.rawValue, limit: 300)).")
        case .commitFailed(let event):
            return note("Step \(event.step) has no commit: \(DisplayText.exact(event.reason, limit: 500)).")
        case .sessionRestored(let event): return section("## Back at step \(event.step)")
        case .sessionForked(let event):
            return note("Forked from session \(DisplayText.exact(event.from, limit: 80)) at step \(event.step).")
        case .turnCompleted(let event): return turnCompleted(event, time: params.time)
        case .sessionQueued(let event): return note("\(Wording.queued(event)) …")
        case .sessionStatus(let event):
            guard let reason = event.reason else { return "" }
            return note("Session \(event.state.rawValue): \(DisplayText.exact(reason, limit: 1000))")
        case .environmentPreparing(let event): return note("\(Wording.preparing(event)) …")
        case .setupStarted(let event):
            begin(event.itemId, "Setup \(event.step)")
            return section("### Setup \(event.step) of \(event.steps)") + command(event.command)
        case .setupCompleted(let event): return setupCompleted(event)
        case .environmentPrepared(let event): return environmentPrepared(event)
        case .repositoryFetched(let event): return note(Wording.fetched(event) + ".")
        case .egressDecided(let event): return egressDecided(event)
        case .modelCallServed(let event): return modelCallServed(event)
        case .egressRulesChanged(let event): return egressRulesChanged(event)
        case .sessionResumed(let event):
            for item in event.voidItemIds { items[item] = nil }
            let void = event.voidItemIds.isEmpty ? "" : " Begun texts are void."
            return note("Goes on: \(DisplayText.exact(event.reason, limit: 500)).\(void)")
        case .commandEnded(let event):
            let name = DisplayText.exact(event.commandId, limit: 80)
            return endOutput(event.itemId) + note("Background command \(name): \(Wording.result(event.command)).")
        case .publicationUpdated(let event): return publicationUpdated(event)
        case .commentReceived(let event): return commentReceived(event)
        case .gap(let event):
            return note(
                "Events \(event.from) to \(event.to) are missing: \(DisplayText.exact(event.reason, limit: 500)).")
        }
    }
}

// MARK: Blocks

extension TranscriptRenderer {
    private mutating func images(_ images: [ImageSummary]?) -> String {
        guard let images, !images.isEmpty else { return "" }
        return note("With \(images.map { DisplayText.exact($0.words, limit: 200) }.joined(separator: ", ")).")
    }

    /// Ends what is being written, with its line.
    private mutating func endBlock() -> String {
        defer { (block, isAtLineStart) = (.none, true) }
        return isAtLineStart ? "" : "\n"
    }

    mutating func section(_ heading: String) -> String { endBlock() + "\n\(heading)\n\n" }

    mutating func note(_ text: String) -> String { endBlock() + "\n\(text)\n" }

    private mutating func begin(_ id: String, _ title: String) {
        guard items.count < Self.mostItems else { return }
        items[id] = Item(title: title)
    }

    /// More text of an item, within its cap.
    private mutating func delta(_ text: String, of id: String, in target: Block) -> String {
        if items[id] == nil { begin(id, "") }
        // Taken out, so that its text is appended to in place.
        guard var item = items.removeValue(forKey: id) else { return "" }
        defer { items[id] = item }
        let room = Self.mostBytesPerItem - item.shownBytes
        let shown = text.utf8.count <= room ? text : Self.prefix(text, bytes: room)
        item.shownBytes += shown.utf8.count
        item.hiddenBytes += text.utf8.count - shown.utf8.count
        item.received += shown
        guard !shown.isEmpty else { return "" }
        let opening = open(target, isContinued: item.hasBegun, title: item.title)
        item.hasBegun = true
        return opening + placed(item.cleaner.clean(shown), in: target)
    }

    private mutating func open(_ target: Block, isContinued: Bool, title: String) -> String {
        guard block != target else { return "" }
        let opening = endBlock()
        block = target
        switch target {
        case .none: return opening
        case .message: return opening + "\n### Agent\n\n"
        case .reasoning: return opening + "\n### Thinking\n\n"
        case .output where isContinued: return opening + "\n\(MarkdownText.code(title)) goes on:\n\n"
        case .output: return opening + "\n"
        }
    }

    /// The text with the prefix of its block before every line.
    private mutating func placed(_ text: String, in target: Block) -> String {
        let prefix: String
        switch target {
        case .none, .message: prefix = ""
        case .reasoning: prefix = "> "
        case .output: prefix = "    "
        }
        var result = ""
        for character in text.unicodeScalars {
            if isAtLineStart { result += prefix }
            result.unicodeScalars.append(character)
            isAtLineStart = character == "\n"
        }
        return result
    }

    /// The whole text of an item: what the deltas did not bring, or all of it when they brought something else.
    private mutating func completed(_ text: String, of id: String, in target: Block) -> String {
        let item = items[id]
        defer { items[id] = nil }
        if let item, item.hiddenBytes > 0 {
            return note("(\(item.hiddenBytes) more bytes are not shown here.)")
        }
        if let item, item.received == text { return endBlock() }
        let received = item?.received ?? ""
        if !received.isEmpty, !text.hasPrefix(received) {
            items[id] = nil
            return note("(The text above is void.)") + delta(text, of: id, in: target) + endBlock()
        }
        return delta(String(text.dropFirst(received.count)), of: id, in: target) + endBlock()
    }

    private mutating func output(_ event: OutputDelta) -> String {
        let text = event.text ?? event.base64.flatMap(Base64.decode).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return delta(text, of: event.itemId, in: .output(event.itemId))
    }

    /// Ends an item with output; says what was not shown.
    mutating func endOutput(_ id: String) -> String {
        defer { items[id] = nil }
        guard let hidden = items[id]?.hiddenBytes, hidden > 0 else { return endBlock() }
        return note("(Output capped: \(hidden) more bytes are not shown here.)")
    }

    private static func prefix(_ text: String, bytes: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            if count > bytes { break }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    fileprivate static func capped(_ text: String) -> String {
        guard text.utf8.count > mostBytesPerItem else { return text }
        return prefix(text, bytes: mostBytesPerItem) + "\n… \(text.utf8.count - mostBytesPerItem) more bytes\n"
    }
}

// MARK: Tools, checks, approvals

extension TranscriptRenderer {
    private mutating func toolCallStarted(_ event: ToolCallStarted) -> String {
        begin(event.itemId, event.title)
        let heading = section("### \(DisplayText.exact(event.title, limit: 200))")
        if let command = event.arguments["command"]?.stringValue {
            return heading + MarkdownText.prefixed(Self.capped("$ " + command), with: "    ")
        }
        let arguments = ["command", "argv", "arguments"].lazy.compactMap { event.arguments[$0]?.arrayValue }.first
        return arguments.map { heading + command($0.compactMap(\.stringValue)) } ?? heading
    }

    private mutating func toolCallCompleted(_ event: ToolCallCompleted) -> String {
        let hadOutput = items[event.itemId]?.hasBegun ?? false
        var text = endOutput(event.itemId)
        // What the model is told repeats the output; it is news when there was none, or the call went wrong.
        if !hadOutput, event.command == nil || event.status != .completed {
            text += MarkdownText.prefixed(Self.capped(event.text), with: "    ")
        }
        let result = event.command.map { " \(Wording.result($0))" } ?? ""
        if event.status != .completed { return text + note("\(event.status.rawValue.capitalizedFirst):\(result)") }
        return event.command == nil ? text : text + note("Done:\(result)")
    }

    private mutating func checkCompleted(_ event: CheckCompleted) -> String {
        let text = endOutput(event.itemId)
        let evidence = event.evidence
        let verdict = evidence.passed ? "passed" : "failed"
        return text
            + note(
                "Check \(MarkdownText.code(evidence.name)) \(verdict): \(Wording.result(evidence.result)), "
                    + "\(evidence.errors) errors, \(evidence.warnings) warnings\(Wording.tests(evidence.tests)).")
    }

    private mutating func approvalRequested(_ approval: ApprovalRequest) -> String {
        var text = section("### Waiting for your approval: \(DisplayText.exact(approval.title, limit: 200))")
        if let command = approval.command {
            text += MarkdownText.prefixed("$ " + DisplayText.exact(command), with: "    ")
        } else if approval.diff == nil {
            text += MarkdownText.prefixed(Self.capped(approval.arguments.text), with: "    ")
        }
        if let diff = approval.diff { text += MarkdownText.fenced(Self.capped(diff), language: "diff") }
        return text + "\nAsked because: \(DisplayText.exact(approval.reason, limit: 500))\n"
    }

    private mutating func resultApplied(_ event: ResultApplied) -> String {
        var text = section(
            "### \(event.scope == .undone ? "Undone" : "Applied") by \(DisplayText.exact(event.client, limit: 80))")
        for path in event.applied.prefix(Self.mostItems) { text += "- \(MarkdownText.code(path))\n" }
        for conflict in event.conflicts.prefix(Self.mostItems) {
            text += "- not \(MarkdownText.code(conflict.path)): \(DisplayText.exact(conflict.reason, limit: 500))\n"
        }
        return text
    }

    /// A step without changes is left out: the one before has the same files.
    private mutating func snapshotTaken(_ event: SnapshotTaken) -> String {
        var sentences: [String] = []
        if event.changedFiles > 0 { sentences.append("Step \(event.step).") }
        if event.changedFiles > 0, !event.consistent { sentences.append("Something was writing meanwhile.") }
        if let removed = event.removedSteps, !removed.isEmpty {
            let steps = removed.prefix(Self.mostItems).map(String.init).joined(separator: ", ")
            sentences.append("Given up for room: steps \(steps).")
        }
        return sentences.isEmpty ? "" : note(sentences.joined(separator: " "))
    }

    private mutating func turnCompleted(_ event: TurnCompleted, time: Int) -> String {
        items = [:]
        let heading =
            "## \(Wording.time(millisecondsSince1970: time)) \(Wording.outcome(event.outcome).capitalizedFirst)"
        var text = section(heading)
        text += "\(DisplayText.cleaned(event.reason))\n\n"
        for evidence in event.evidence.prefix(Self.mostItems) { text += "- \(Self.evidence(evidence))\n" }
        for finding in (event.gateFindings ?? []).prefix(Self.mostItems) {
            text += "- \(MarkdownText.code(finding.rule)): \(Wording.finding(finding))\n"
        }
        if let tree = event.treeHash { text += "- tree \(MarkdownText.code(tree))\n" }
        for path in event.changedFiles.prefix(Self.mostItems) { text += "- changed \(MarkdownText.code(path))\n" }
        let time = Wording.duration(milliseconds: event.durationMilliseconds)
        return text + "\n\(event.steps) steps in \(time).\n"
    }

    private func command(_ arguments: [String]) -> String {
        let line = arguments.map { DisplayText.exact($0) }.joined(separator: " ")
        return MarkdownText.prefixed(Self.capped("$ " + line), with: "    ")
    }

    private static func verb(_ change: FileChangeKind) -> String {
        switch change {
        case .added: "Added"
        case .modified: "Changed"
        case .deleted: "Deleted"
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
