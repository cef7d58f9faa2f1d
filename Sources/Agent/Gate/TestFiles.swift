/// Which files hold tests, by their names.
enum TestFiles {
    private static let folders: Set<String> = [
        "__tests__", "__test__", "e2e", "spec", "specs", "test", "testing", "tests", "unittest", "unittests",
    ]

    static func isTest(_ path: String) -> Bool {
        let parts = path.split(separator: "/").map { $0.lowercased() }
        guard let name = parts.last else { return false }
        if parts.dropLast().contains(where: { folders.contains($0) || $0.hasSuffix("tests") }) { return true }
        if name == "conftest.py" || name.hasSuffix(".bats") { return true }
        let stem = name.split(separator: ".").first.map(String.init) ?? name
        if words(stem).contains(where: { $0 == "test" || $0 == "tests" || $0 == "spec" }) { return true }
        if name.split(separator: ".").dropFirst().dropLast().contains(where: { $0 == "test" || $0 == "spec" }) {
            return true
        }
        // `ParserTest.java`, `GreeterTests.swift`, `TestParser.java`: words by their capitals.
        let original = path.split(separator: "/").last?.split(separator: ".").first ?? ""
        return ["Test", "Tests", "Spec", "Specs", "TestCase", "IT"].contains { original.hasSuffix($0) }
            || (original.hasPrefix("Test") && (original.dropFirst(4).first?.isUppercase ?? true))
    }

    /// A file that pytest loads by itself.
    static func isConftest(_ path: String) -> Bool { path == "conftest.py" || path.hasSuffix("/conftest.py") }

    /// Words such as `run`, `tests` of `run-tests`.
    static func words(_ name: String) -> [Substring] {
        name.split { !($0.isLetter || $0.isNumber) }
    }

    private static let runnerWords: Set<String> = [
        "check", "checks", "ci", "clippy", "cover", "coverage", "lint", "smoke", "spec", "specs", "test", "tests",
        "typecheck", "unittest", "unittests", "validate", "verify", "vet",
    ]

    /// A script or target that tests or checks, by its name.
    static func isRunner(_ name: String) -> Bool {
        let name = name.lowercased()
        return words(name).contains { runnerWords.contains(String($0)) || $0.hasPrefix("test") || $0.hasSuffix("test") }
    }
}
