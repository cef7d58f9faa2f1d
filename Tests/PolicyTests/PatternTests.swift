import Testing
import TestSupport

@testable import Policy

@Suite("Patterns")
struct PatternTests {
    @Test(
        "Path patterns",
        arguments: [
            ("a", "a", true), ("a", "b", false), ("a", "a/b", false), ("*", "a", true), ("*", "a/b", false),
            ("*", "", false), ("**", "", true), ("**", "a/b/c", true), ("a/**", "a", true), ("a/**", "a/b/c", true),
            ("a/**", "ab", false), ("**/b", "b", true), ("**/b", "a/x/b", true), ("**/b", "a/b/c", false),
            ("a/**/z", "a/z", true), ("a/**/z", "a/b/c/z", true), ("a/**/z", "a/b/c", false), ("a/*/z", "a/z", false),
            ("a/*/z", "a/b/z", true), ("a/*/z", "a/b/c/z", false), ("?.c", "a.c", true), ("?.c", "ab.c", false),
            ("*.c", ".c", true), ("**/**", "", true), ("**/*", "a", true), ("**/*", "", false),
            (".git/**", ".GIT/config", true), (".GIT/**", ".git/config", true), ("Jenkinsfile", "jenkinsfile", true),
            ("a//b/", "a/b", true), ("**/.git/**", "x/.git", true), ("**/.git/**", "x/.gitignore", false),
            ("**.c", "a.c", true), ("**.c", "a/b.c", false), ("é", "É", true),
            // A slash before a combining mark is one character to Swift and still a slash to the kernel.
            (".git/**", ".git/\u{338}x", true), ("a/*", "a/\u{338}x", true),
        ])
    func paths(pattern: String, path: String, expected: Bool) {
        #expect(PathPattern(pattern).matches(path) == expected)
    }

    @Test(
        "Wildcards",
        arguments: [
            ("", "", true), ("", "a", false), ("*", "", true), ("***", "abc", true), ("a*b", "ab", true),
            ("a*b", "axxb", true), ("a*b", "axxbc", false), ("*ab", "aab", true), ("a?c", "abc", true),
            ("?", "", false),
            ("*a*b*c", "xxaxxbxxc", true), ("*a*b*c", "xxbxxaxxc", false), ("[a]", "a", false), ("[a]", "[a]", true),
        ])
    func wildcards(pattern: String, text: String, expected: Bool) {
        #expect(WildcardPattern.matches(pattern, text) == expected)
    }

    /// The obvious definition, exponential.
    private func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return matches(pattern.dropFirst(), text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
        }
        guard let letter = text.first, first == "?" || first == letter else { return false }
        return matches(pattern.dropFirst(), text.dropFirst())
    }

    @Test("Wildcards agree with their definition on random texts")
    func random() {
        var generator = SeededGenerator(seed: 7)
        var positive = 0
        for _ in 0..<5000 {
            func word(_ letters: String, _ most: Int) -> String {
                String(
                    (0..<Int.random(in: 0...most, using: &generator)).map { _ in
                        letters.randomElement(using: &generator) ?? "a"
                    })
            }
            let pattern = word("ab*?", 7)
            let text = word("ab", 8)
            let expected = matches(pattern[...], text[...])
            positive += expected ? 1 : 0
            #expect(WildcardPattern.matches(pattern, text) == expected, "\(pattern) on \(text)")
        }
        #expect(positive > 500)
    }

    @Test("A hostile pattern takes no exponential time", .timeLimit(.minutes(10)))
    func hostile() {
        let stars = String(repeating: "*a", count: 2000) + "b"
        #expect(!WildcardPattern.matches(stars, String(repeating: "a", count: 20_000)))
        let deep = String(repeating: "**/a/", count: 500) + "b"
        #expect(!PathPattern(deep).matches(String(repeating: "a/", count: 2000)))
    }
}
