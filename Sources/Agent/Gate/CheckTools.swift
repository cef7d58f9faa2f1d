/// Which tools the checks may run, by their commands.
///
/// A comment that silences a linter that no check can run hides nothing. What is not known to run one tool alone (make, a
/// script, a test runner with plug-ins) may run any.
struct CheckTools: Sendable {
    private var named: Set<String> = []
    private var isOpen = false
    private var opensPython = false

    /// Programs that run nothing beyond these tools.
    private static let closed: [String: Set<String>] = [
        "mypy": ["mypy"], "dmypy": ["mypy"], "ruff": ["ruff"], "flake8": ["flake8"], "pylint": ["pylint"],
        "pyright": ["pyright"], "basedpyright": ["pyright"], "bandit": ["bandit"], "shellcheck": ["shellcheck"],
        "luacheck": ["luacheck"], "selene": ["selene"], "busted": ["busted"], "tsc": ["tsc"], "eslint": ["eslint"],
        "biome": ["biome"], "oxlint": ["oxlint"], "jest": ["jest", "coverage"], "vitest": ["vitest", "coverage"],
        "mocha": ["mocha", "coverage"], "cargo": ["cargo", "clippy", "rustc"], "rustc": ["rustc"], "go": ["go"],
        "golangci-lint": ["golangci-lint", "staticcheck", "gosec"], "staticcheck": ["staticcheck"], "swift": ["swiftc"],
        "swiftc": ["swiftc"], "swiftlint": ["swiftlint"], "swift-format": ["swift-format"], "javac": ["javac"],
        "gcc": ["gcc"], "g++": ["gcc"], "cc": ["gcc"], "c++": ["gcc"], "clang": ["gcc"], "clang++": ["gcc"],
        "clang-tidy": ["clang-tidy", "gcc"], "cppcheck": ["cppcheck"], "dotnet": ["msbuild"], "msbuild": ["msbuild"],
        "rubocop": ["rubocop"], "phpstan": ["phpstan"], "psalm": ["psalm"], "phpcs": ["phpcs"],
    ]

    private static let python: Set<String> = [
        "bandit", "coverage", "flake8", "mypy", "pylint", "pyright", "pytest", "ruff", "tox",
    ]

    /// Words before the command proper: `npx`, `uv run`, `env`.
    private static let wrappers: Set<String> = [
        "bundle", "bunx", "command", "dlx", "env", "exec", "nice", "npx", "pdm", "pipenv", "pnpm", "pnpx", "poetry",
        "run",
        "stdbuf", "time", "timeout", "uv", "uvx", "xvfb-run", "yarn",
    ]

    init(commands: [[String]]) {
        for command in commands { add(Self.unwrapped(command)) }
    }

    private mutating func add(_ command: [String]) {
        guard let program = command.first.map(Self.baseName) else { return }
        if Self.isPython(program), command.count >= 3, command[1] == "-m" {
            return add(Array(command[2...]))
        }
        if let tools = Self.closed[program] {
            named.formUnion(tools)
        } else if program == "pytest" || program == "py.test" || program == "tox" || program == "nox"
            || Self.isPython(program) || program == "coverage" || program == "unittest"
        {
            opensPython = true
        } else {
            isOpen = true
        }
    }

    /// Whether a check may run the tool.
    func mayRun(_ tool: String) -> Bool {
        isOpen || named.contains(tool) || (opensPython && Self.python.contains(tool))
    }

    /// The command without what only runs it.
    static func unwrapped(_ command: [String]) -> [String] {
        var rest = command[...]
        while let first = rest.first, rest.count > 1 {
            let name = baseName(first)
            let isSetting = rest.startIndex > 0 && (first.contains("=") || first.hasPrefix("-") || Int(first) != nil)
            guard wrappers.contains(name) || isSetting else { break }
            rest = rest.dropFirst()
        }
        return Array(rest)
    }

    static func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    static func isPython(_ program: String) -> Bool {
        program == "python"
            || (program.hasPrefix("python") && program.dropFirst(6).allSatisfy { $0.isNumber || $0 == "." })
    }
}
