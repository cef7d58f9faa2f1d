/// How ripgrep is called: the same everywhere, without configuration of the user or the repository's parents.
enum Ripgrep {
    static let base = [
        "rg", "--no-config", "--color=never", "--hidden", "--no-require-git", "--no-ignore-parent", "--sort=path",
        "--glob=!.git",
    ]

    static func withoutDot(_ line: Substring) -> String {
        line.hasPrefix("./") ? String(line.dropFirst(2)) : String(line)
    }
}
