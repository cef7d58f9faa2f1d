/// Comments and attributes with which code silences a tool.
struct SuppressionMarker: Sendable {
    let needle: Needle
    /// Which tool heeds it; see ``CheckTools``.
    let tool: String

    /// In a file of this language; they stand in comments and in code.
    static func all(_ language: SourceLanguage) -> [SuppressionMarker] { table[language] ?? [] }

    private static func markers(_ tool: String, _ needles: Needle...) -> [SuppressionMarker] {
        needles.map { SuppressionMarker(needle: $0, tool: tool) }
    }

    private static let java =
        markers("javac", "@suppresswarnings") + markers("checkstyle", "checkstyle:off", "suppress checkstyle")
        + markers("sonar", "nosonar") + markers("pmd", "nopmd") + markers("spotbugs", "@suppressfbwarnings")

    private static let table: [SourceLanguage: [SuppressionMarker]] = [
        .python: markers("flake8", "#noqa", "#flake8:noqa") + markers("ruff", "#noqa", "#ruff:noqa")
            + markers("mypy", "#type:ignore", "#mypy:")
            + markers("pyright", "#type:ignore", "#pyright:", "@no_type_check")
            + markers("pylint", "#pylint:") + markers("bandit", "#nosec") + markers("coverage", "#pragma:no cover"),
        .script: markers("eslint", "eslint-disable", "eslint-enable no", "eslint no-", "/*eslint ")
            + markers("tsc", "@ts-ignore", "@ts-nocheck", "@ts-expect-error")
            + markers("biome", "biome-ignore") + markers("oxlint", "oxlint-disable")
            + markers("deno", "deno-lint-ignore")
            + markers("tslint", "tslint:disable") + markers("coverage", "istanbul ignore", "c8 ignore", "v8 ignore")
            + markers("flow", "$flowfixme", "$flowignore"),
        .shell: markers("shellcheck", "shellcheck disable"),
        .lua: markers("luacheck", "luacheck:ignore", "luacheck:push ignore", "luacheck:no", "luacheck:globals")
            + markers("selene", "selene:allow") + markers("lua-language-server", "---@diagnostic disable"),
        .c: markers("clang-tidy", "nolint", "nolintbegin", "nolintnextline") + markers("cppcheck", "cppcheck-suppress")
            + markers(
                "gcc", "#pragma gcc diagnostic ignored", "#pragma clang diagnostic ignored", "#pragma warning(disable",
                "_pragma(\"gcc diagnostic", "#pragma gcc system_header", "#pragma clang system_header",
                "_pragma(\"clang diagnostic", "__attribute__((no_sanitize", "[[gnu::no_sanitize"),
        .go: markers("golangci-lint", "//nolint") + markers("staticcheck", "//lint:ignore", "//lint:file-ignore")
            + markers("gosec", "#nosec"),
        .java: java,
        .kotlin: markers("kotlinc", "@suppress(", "@file:suppress") + markers("ktlint", "ktlint-disable")
            + markers("detekt", "@suppress("),
        .swift: markers("swiftlint", "swiftlint:disable") + markers("swift-format", "swift-format-ignore"),
        .rust: markers("rustc", "#[allow(", "#![allow(", "#[expect(", "#![expect(", "#[cfg_attr(test,allow")
            + markers("clippy", "#[allow(", "#![allow(", "#[expect("),
        .csharp: markers("msbuild", "#pragma warning disable", "[suppressmessage", "#nullable disable"),
        .ruby: markers("rubocop", "rubocop:disable", "rubocop:todo"),
        .php: markers("phpstan", "@phpstan-ignore") + markers("psalm", "@psalm-suppress")
            + markers(
                "phpcs", "phpcs:ignore",
                "phpcs:disable"),
        .perl: markers("perlcritic", "##no critic"),
    ]
}
