import Testing
import Workspace

@Suite("Relative paths")
struct RelativePathTests {
    @Test(
        "Normalisation",
        arguments: [
            ("a", "a"), ("a/b", "a/b"), ("./a", "a"), ("a//b/", "a/b"), ("a/./b", "a/b"), ("a/../b", "b"), ("", ""),
            (".", ""), ("a/..", ""), ("/w", ""), ("/w/", ""), ("/w/a", "a"), ("/w//a/../b", "b"), ("...", "..."),
            ("a\\..\\b", "a\\..\\b"), ("a/\u{338}b", "a/\u{338}b"), ("~", "~"), ("..a", "..a"), (" ", " "),
        ])
    func normal(path: String, expected: String) throws {
        #expect(try Array(RelativePath.normalise(path, root: "/w").utf8) == Array(expected.utf8))
    }

    @Test(
        "What leaves the workspace is refused",
        arguments: [
            "..", "../a", "a/../..", "a/../../w/a", "/", "/etc", "/wx", "/w/..", "/w/../x", "/w/../w/a", "a\0b", "/W/a",
            "../\u{338}a", "/\u{338}w", "a/../../\u{338}x", "//w/a",
        ])
    func refused(path: String) {
        #expect(throws: WorkspaceError.badPath(path)) { try RelativePath.normalise(path, root: "/w") }
    }

    @Test("The root is compared by bytes")
    func rootBytes() throws {
        #expect(throws: WorkspaceError.self) { try RelativePath.normalise("/e\u{301}/a", root: "/\u{E9}") }
        #expect(try RelativePath.normalise("/e\u{301}/a", root: "/e\u{301}") == "a")
    }

    @Test(
        "Git's own folder, by all its names",
        arguments: [
            (".git", true), ("a/.git/config", true), (".GIT/x", true), (".Git", true), (".git/\u{338}x", true),
            (".g\u{200C}it/config", true), (".git\u{FEFF}", true), ("git~1/x", true), ("GIT~1", true),
            (".git. /x", true),
            (".git ", true), (".git::$INDEX_ALLOCATION/config", true), (".gitignore", false), (".github/x", false),
            ("git", false), ("a.git", false), ("", false), ("git~10", false), (".git-x", false),
        ])
    func gitInternal(path: String, expected: Bool) {
        #expect(RelativePath.isGitInternal(path) == expected)
    }
}
