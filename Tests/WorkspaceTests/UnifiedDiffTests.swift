@testable import Git
import Glibc
import TestSupport
import Testing

@Suite("Unified diffs are what git takes")
struct UnifiedDiffTests {
    /// Applies the patch to a folder that holds `old`, with git and (for ordinary names) with patch.
    private func check(
        _ old: String?, _ new: String?, path: String = "file", oldMode: FileMode = .regular,
        newMode: FileMode = .regular,
        alsoPatch: Bool = true
    ) throws {
        let patch = try UnifiedDiff.make(
            old: old.map { Array($0.utf8) }, new: new.map { Array($0.utf8) }, path: path, oldMode: oldMode,
            newMode: newMode)
        #expect(!patch.binary)
        var tools = [["git", "apply", "--whitespace=nowarn", "-"]]
        if alsoPatch { tools.append(["patch", "-p1", "-s", "--binary"]) }
        for tool in tools {
            let folder = try TemporaryFolder()
            if let old {
                if oldMode == .symbolicLink {
                    #expect(symlink(old, "\(folder.path)/\(path)") == 0)
                } else {
                    try folder.write(path, old, mode: oldMode == .executable ? 0o755 : 0o644)
                }
            }
            let result = try HostCommand.run(tool, in: folder.path, input: Array(patch.text.utf8))
            #expect(result.exitCode == 0, "\(tool[0]): \(result.errorText)\(result.text)\n\(patch.text)")
            let target = "\(folder.path)/\(path)"
            var status = stat()
            let exists = lstat(target, &status) == 0
            #expect(exists == (new != nil))
            guard let new else { continue }
            if newMode == .symbolicLink {
                let link = try HostCommand.run(["readlink", "-n", target])
                #expect(link.text == new)
            } else {
                #expect(status.st_mode & S_IFMT == S_IFREG)
                #expect(folder.readText(path) == new, "\(tool[0])")
                if tool[0] == "git" { #expect((status.st_mode & 0o100 != 0) == (newMode == .executable)) }
            }
        }
    }

    @Test("Added, deleted, changed, with and without an end of line, with carriage returns")
    func kinds() throws {
        try check("a\nb\nc\n", "a\nB\nc\n")
        try check("a\n", "a")
        try check("a", "a\n")
        try check("a", "b")
        try check("a\r\nb\r\n", "a\r\nB\r\n")
        try check("a\nb\n", "a\r\nb\r\n")
        try check("", "a\n")
        try check("a\n", "")
        try check(nil, "new\n")
        try check(nil, "new")
        try check("old\n", nil)
        try check("@@ -1 +1 @@\n--- a/x\n", "@@ -1 +1 @@\n+++ b/x\n\u{E4}\u{1F600}\n")
        // patch knows no empty files.
        try check(nil, "", alsoPatch: false)
        try check("", nil, alsoPatch: false)
    }

    @Test("Modes and links")
    func modes() throws {
        try check("a\n", "a\n", oldMode: .regular, newMode: .executable)
        try check("a\n", "b\n", oldMode: .executable, newMode: .regular)
        try check(nil, "#!/bin/sh\n", newMode: .executable)
        try check(nil, "target", newMode: .symbolicLink, alsoPatch: false)
        try check("one", "two", oldMode: .symbolicLink, newMode: .symbolicLink, alsoPatch: false)
        try check("one", nil, oldMode: .symbolicLink, alsoPatch: false)
        try check("text\n", "target", oldMode: .regular, newMode: .symbolicLink, alsoPatch: false)
        try check("target", "text\n", oldMode: .symbolicLink, newMode: .executable, alsoPatch: false)
    }

    @Test(
        "Names",
        arguments: [
            "plain", "sub/folder/file", "with space", "trailing space ", "\u{FC}ml\u{E4}ut", "tab\tname", "quo\"te",
            "back\\slash", "new\nline", "bell\u{7}", "-dash", "a b/c d/e", "\u{1F600}", "it's", "del\u{7F}", "$x `y`",
        ])
    func names(path: String) throws {
        try check("a\n", "b\n", path: path, alsoPatch: !path.contains("\n") && path.last != " ")
        try check(nil, "b\n", path: path, alsoPatch: false)
        try check("b\n", nil, path: path, alsoPatch: false)
    }

    @Test("Random edits", arguments: [1, 2, 3, 4] as [UInt64])
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<12 {
            let ending = Bool.random(using: &generator) ? "\n" : "\r\n"
            var lines = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                ["x", "", "}", "  y", "@@", "--- a/file", "\u{E4}"].randomElement(using: &generator) ?? ""
            }
            let old = lines.joined(separator: ending) + (Bool.random(using: &generator) ? ending : "")
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0...lines.count, using: &generator)
                if Bool.random(using: &generator), place < lines.count {
                    lines.remove(at: place)
                } else {
                    lines.insert("new \(place)", at: place)
                }
            }
            let new = lines.joined(separator: ending) + (Bool.random(using: &generator) ? ending : "")
            if old == new || old.isEmpty { continue }
            try check(old, new, alsoPatch: !new.isEmpty)
        }
    }

    @Test("Equal contents give no patch; bytes that are no text give none either, and say so")
    func binary() throws {
        #expect(
            try UnifiedDiff.make(old: [1, 2], new: [1, 2], path: "a")
                == UnifiedDiff.Patch(text: "", binary: false, hunks: []))
        #expect(
            try UnifiedDiff.make(old: [0, 2], new: [1, 2], path: "a") == UnifiedDiff.Patch(text: "", binary: true))
        #expect(try UnifiedDiff.make(old: nil, new: [0], path: "a").binary)
        // Latin-1: a patch in UTF-8 would not apply.
        #expect(try UnifiedDiff.make(old: [0x41, 0xE4, 0x0A], new: [0x41, 0xF6, 0x0A], path: "a").binary)
        let large = [UInt8](repeating: 0x41, count: UnifiedDiff.maximumBytes + 1)
        #expect(try UnifiedDiff.make(old: nil, new: large, path: "a").binary)
        #expect(UnifiedDiff.isBinary([UInt8](repeating: 1, count: 7999) + [0]))
        #expect(!UnifiedDiff.isBinary([UInt8](repeating: 1, count: 8000) + [0]))
    }
}
