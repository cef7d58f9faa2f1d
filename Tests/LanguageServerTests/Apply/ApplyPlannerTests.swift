import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct ApplyPlannerTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static var rich: ClientFeatures {
        var features = ClientFeatures()
        features.encoding = .utf8
        features.appliesEdits = true
        features.takesDocumentChanges = true
        features.createsFiles = true
        features.deletesFiles = true
        return features
    }

    private func planner(
        _ features: ClientFeatures = rich, open: [String: String] = [:], toDisk: Bool = false
    ) -> ApplyPlanner {
        var documents = DocumentStore()
        for (name, text) in open {
            documents.open(
                OpenDocument(
                    uri: folder.uri(name), path: folder.file(name), version: 7, buffer: TextBuffer(text),
                    saved: folder.read(name).map { TextBuffer($0) }))
        }
        return ApplyPlanner(
            folder: folder.path, documents: documents, files: PosixFileAccess(), features: features,
            writesToDisk: toDisk)
    }

    private func plan(
        _ planner: ApplyPlanner, named: [String]? = nil, applied: [String: String] = [:],
        _ differences: FileDifference...
    ) -> ApplyPlan {
        var record = ApplyRecord(session: "s", folder: folder.path)
        for (path, text) in applied {
            record.files[path] = .init(image: .file(Array(text.utf8), executable: false), hunks: [])
        }
        let (changes, conflicts) = ResultSelection(paths: named, hunks: nil).changes(differences, record)
        var plan = planner.plan(changes)
        plan.conflicts = conflicts + plan.conflicts
        return plan
    }

    @Test func openBuffersAreEditedInPlaceAndVersioned() throws {
        try folder.write("a.c", "one\ntwo\nthree\n")
        let plan = plan(
            planner(open: ["a.c": "one\ntwo\nthree\n"]),
            Sample.difference("a.c", old: "one\ntwo\nthree\n", new: "one\n2\nthree\n"))
        let range = LSP.Range(start: .init(line: 1, character: 0), end: .init(line: 2, character: 0))
        #expect(
            plan.edits == [
                .init(path: "a.c", uri: folder.uri("a.c"), version: 7, edits: [.init(range: range, newText: "2\n")])
            ])
        #expect(plan.disk.isEmpty && plan.conflicts.isEmpty)
    }

    @Test func unsavedBufferIsTheBase() throws {
        try folder.write("a.c", "on disk\n")
        let planner = planner(open: ["a.c": "in buffer\n"])
        #expect(plan(planner, Sample.difference("a.c", old: "in buffer\n", new: "new\n")).edits.count == 1)
        let other = plan(planner, Sample.difference("a.c", old: "on disk\n", new: "new\n"))
        #expect(other.merges == [Self.sides("a.c", "on disk\n", "in buffer\n", "new\n")])
    }

    @Test func unsavedBufferIsNeverOverwrittenOnDisk() throws {
        try folder.write("a.c", "on disk\n")
        var poor = ClientFeatures()
        poor.appliesEdits = false
        let plan = plan(
            planner(poor, open: ["a.c": "in buffer\n"]), Sample.difference("a.c", old: "in buffer\n", new: "new\n"))
        #expect(plan.conflicts.map(\.reason) == ["the buffer has unsaved changes; save it and apply again"])
    }

    @Test func hiddenLineEndingsAreNoConflict() throws {
        try folder.write("a.c", "one\r\ntwo\r\n")
        let plan = plan(
            planner(open: ["a.c": "one\ntwo\n"]), Sample.difference("a.c", old: "one\r\ntwo\r\n", new: "one\r\n2\r\n"))
        #expect(plan.edits.first?.edits.map(\.newText) == ["2\n"], "in the buffer's convention")
    }

    @Test func changedFilesAreConflicts() throws {
        try folder.write("changed", "mine\n")
        try folder.write("added", "mine\n")
        let plan = plan(
            planner(),
            Sample.difference("changed", old: "theirs\n", new: "new\n"),
            Sample.difference("added", old: nil, new: "new\n"),
            Sample.difference("removed", old: "old\n", new: "new\n"),
            Sample.difference("changed", old: "mine\n", new: "twice\n"))
        #expect(plan.conflicts.map(\.path) == ["removed"])
        #expect(
            plan.merges == [
                Self.sides("changed", "theirs\n", "mine\n", "new\n"), Self.sides("added", "", "mine\n", "new\n"),
            ])
        #expect(plan.edits.isEmpty && plan.disk.isEmpty)
    }

    private static func sides(_ path: String, _ base: String, _ ours: String, _ theirs: String) -> MergeSides {
        MergeSides(
            path: path, base: Sample.base64(base), ours: Sample.base64(ours), theirs: Sample.base64(theirs))
    }

    @Test func whatWasMergedTakesThePlaceOfBoth() throws {
        try folder.write("disk", "mine\n")
        try folder.write("open", "saved\n")
        var planner = planner(open: ["open": "mine\n"])
        for name in ["disk", "open"] {
            planner.merged[name] = .init(
                current: Array("mine\n".utf8), contents: Array("both\n".utf8), hasMarkers: true)
        }
        let (disk, open) = (
            Sample.difference("disk", old: "old\n", new: "new\n"), Sample.difference("open", old: "old\n", new: "new\n")
        )
        let plan = plan(planner, disk, open)
        #expect(plan.edits.map(\.path) == ["disk", "open"])
        #expect(plan.edits.flatMap(\.edits).map(\.newText) == ["both\n", "both\n"])
        #expect(plan.marked == ["disk", "open"] && plan.conflicts.isEmpty)
        // Both are something else by now.
        try folder.write("disk", "other\n")
        planner.merged["open"]?.current = Array("before\n".utf8)
        let late = self.plan(planner, disk, open)
        #expect(late.edits.isEmpty && late.merges.isEmpty && late.marked.isEmpty)
        #expect(late.conflicts.map(\.path) == ["disk", "open"])
    }

    @Test func aSecondResultIsComparedWithTheFirst() throws {
        try folder.write("a.c", "first\n")
        let planner = planner(open: ["a.c": "first\n"])
        let applied = ["a.c": "first\n"]
        let second = Sample.difference("a.c", old: "old\n", new: "second\n")
        #expect(plan(planner, applied: applied, second).edits.flatMap(\.edits).map(\.newText) == ["second\n"])
        // Undone by the user, it is as before the first.
        let undone = self.planner(open: ["a.c": "old\n"])
        #expect(plan(undone, applied: applied, second).edits.count == 1)
        let edited = self.planner(open: ["a.c": "first, edited\n"])
        #expect(
            plan(edited, applied: applied, second).merges == [
                Self.sides("a.c", "first\n", "first, edited\n", "second\n")
            ])
    }

    @Test func mergesAreInTheBuffersConvention() throws {
        try folder.write("a.c", "one\r\ntwo\r\n")
        let plan = plan(
            planner(open: ["a.c": "one\nmine\n"]),
            Sample.difference("a.c", old: "one\r\ntwo\r\n", new: "1\r\ntwo\r\n"))
        #expect(plan.merges == [Self.sides("a.c", "one\ntwo\n", "one\nmine\n", "1\ntwo\n")])
    }

    @Test func whatIsThereAlreadyIsDone() throws {
        try folder.write("a", "new\n")
        let plan = plan(
            planner(), Sample.difference("a", old: "old\n", new: "new\n"), Sample.difference("gone", old: "x", new: nil)
        )
        #expect(plan.unchanged == ["a", "gone"])
    }

    @Test func resourceOperationsOnlyWhereDeclared() throws {
        try folder.write("old", "x\n")
        let (new, old) = (
            Sample.difference("new", old: nil, new: "n\n"), Sample.difference("old", old: "x\n", new: nil)
        )
        let rich = plan(planner(), new, old)
        #expect(rich.edits.map(\.operation) == [.create, .delete])
        #expect(
            rich.workspaceEdit(Self.rich).documentChanges?.map { change in
                switch change {
                case .create: "create"
                case .edit: "edit"
                case .delete: "delete"
                }
            } == ["create", "edit", "delete"])

        var eglot = Self.rich
        eglot.createsFiles = false
        eglot.deletesFiles = false
        let poor = plan(planner(eglot), new, old)
        #expect(poor.edits.isEmpty)
        #expect(
            try poor.disk == [
                .init(
                    path: WorkspacePath("old"), expected: .file(Array("x\n".utf8), executable: false), action: .remove),
                .init(
                    path: WorkspacePath("new"), expected: .absent,
                    action: .write(Array("n\n".utf8), executable: false)),
            ])
    }

    @Test func editorsMakeNoFolders() {
        let plan = plan(planner(), Sample.difference("dir/new", old: nil, new: "n\n"))
        #expect(plan.edits.isEmpty && plan.disk.count == 1)
    }

    @Test func whatIsNoPlainTextGoesToDisk() throws {
        try folder.write("crlf", "a\r\n")
        try folder.write("run", "a\n", mode: 0o644)
        let binary = FileDifference(
            path: "binary", change: .added, binary: true, newMode: "100644", patch: "",
            newContents: Sample.base64([0, 255]))
        let plan = plan(
            planner(), binary, Sample.difference("crlf", old: "a\r\n", new: "b\r\n"),
            Sample.difference("run", old: "a\n", new: "b\n", newMode: "100755"))
        #expect(plan.edits.isEmpty)
        #expect(plan.disk.map(\.path.text) == ["binary", "crlf", "run"])
    }

    @Test func modeAloneIsApplied() throws {
        try folder.write("run", "a\n", mode: 0o644)
        let plan = plan(planner(), Sample.difference("run", old: "a\n", new: "a\n", newMode: "100755"))
        let expected = FileImage.file(Array("a\n".utf8), executable: false)
        #expect(try plan.disk == [.init(path: WorkspacePath("run"), expected: expected, action: .mode(true))])
    }

    @Test func sensitiveFilesWantTheirName() throws {
        let hook = Sample.difference(".github/workflows/ci.yml", old: nil, new: "on: push\n", sensitive: true)
        #expect(plan(planner(), hook).conflicts.count == 1)
        #expect(plan(planner(), named: [".github/workflows/ci.yml"], hook).conflicts.isEmpty)
    }

    @Test(arguments: ["../x", "/etc/passwd", ".git/hooks/pre-commit", "a/../../b", ""])
    func pathsThatLeaveAreRefused(path: String) {
        let plan = plan(planner(), named: [path], Sample.difference(path, old: nil, new: "x"))
        #expect(plan.conflicts.map(\.path) == [path])
        #expect(plan.disk.isEmpty && plan.edits.isEmpty)
    }

    @Test func linksAreRefused() throws {
        let outside = try TemporaryFolder()
        try outside.write("f", "x\n")
        folder.link("link", to: outside.path)
        folder.link("file", to: outside.file("f"))
        let plan = plan(
            planner(toDisk: true), Sample.difference("link/f", old: "x\n", new: "y\n"),
            Sample.difference("file", old: "x\n", new: "y\n"),
            Sample.difference("new", old: nil, new: "/etc/passwd", newMode: "120000"))
        #expect(plan.conflicts.map(\.path) == ["new", "link/f", "file"])
    }

    @Test func missingOrBrokenContentsAreRefused() throws {
        try folder.write("a", "x\n")
        var missing = Sample.difference("a", old: "x\n", new: "y\n")
        missing.newContents = nil
        var broken = Sample.difference("b", old: nil, new: "y\n")
        broken.newContents = "%%%"
        #expect(plan(planner(), missing, broken).conflicts.map(\.path) == ["a", "b"])
    }

    @Test func editsOfPoorClientsAreAMap() throws {
        try folder.write("a", "x\n")
        var features = Self.rich
        features.takesDocumentChanges = false
        let plan = plan(planner(features), Sample.difference("a", old: "x\n", new: "y\n"))
        let edit = plan.workspaceEdit(features)
        #expect(edit.documentChanges == nil)
        #expect(edit.changes?[folder.uri("a")]?.map(\.newText) == ["y\n"])
    }
}
