/// Switches of compilers and linters that raise or lower what they warn of.
enum WarningFlags {
    enum Effect { case raises, lowers }

    /// Files in which switches stand.
    static func mayHold(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if SourceLanguage(path: path) == .make || SourceLanguage(path: path) == .cmake { return true }
        if [
            ".sh", ".bash", ".csproj", ".fsproj", ".vbproj", ".props", ".targets", ".gradle", ".gradle.kts", ".pro",
            ".gn",
            ".bazel", ".bzl", ".xcconfig", ".ninja", ".am", ".ac", ".pri", ".gyp", ".gpr", ".cabal", ".opam",
        ].contains(where: name.hasSuffix) {
            return true
        }
        return [
            "cargo.toml", "package.swift", "package.json", "pom.xml", "meson.build", "build.zig", "build.rs",
            "setup.py",
            "justfile", "taskfile.yml", "tox.ini", "noxfile.py", "compile_flags.txt", ".bazelrc", "build.sbt",
            "wscript",
            "sconstruct", "configure", "rakefile", "dune", "build.xml", "pyproject.toml", ".cofferdam.yaml",
            "setup.cfg",
        ].contains(name) || (path.hasPrefix(".cargo/") || path.contains("/.cargo/"))
    }

    /// Code attributes and modes that hold for a whole file or crate.
    static let raisingCode: [Needle] = [
        "#![deny(", "#![forbid(", "#![warn(", "#pragma gcc diagnostic error", "#pragma clang diagnostic error",
        "use strict;", "use warnings", "declare(strict_types=1)", "//@ts-check", "#mypy:strict", "#nullable enable",
    ]

    static func effect(_ flag: String) -> Effect? {
        if exactlyRaising.contains(flag) { return .raises }
        if exactlyLowering.contains(flag) { return .lowers }
        if lowering.contains(where: flag.hasPrefix) { return .lowers }
        // `/wd4996` is a switch of MSVC, `/wdata` a path.
        if ["/wd", "-wd"].contains(where: flag.hasPrefix), flag.dropFirst(3).allSatisfy(\.isNumber) { return .lowers }
        if passedOn.contains(where: flag.hasPrefix) { return nil }
        if raising.contains(where: flag.hasPrefix) { return .raises }
        return nil
    }

    private static let lowering = [
        "-Wno-", "--cap-lints", "-nowarn", "/nowarn", "-Xlint:-", "-Xlint:none", "-Aclippy", "-Awarnings", "-Aunused",
        "-fno-sanitize", "-Adead", "--allow=",
    ]
    private static let raising = [
        "-W", "-pedantic", "-Xlint", "-fsanitize", "-fanalyzer", "-Dwarnings", "-Fwarnings", "-Dclippy", "--deny",
        "-Dunused",
        "-strict", "--strict", "-warn",
    ]
    /// To the linker, assembler or preprocessor.
    private static let passedOn = ["-Wl,", "-Wa,", "-Wp,"]

    private static let exactlyRaising: Set<String> = [
        "-Werror", "-pedantic", "-pedantic-errors", "-Wall", "-Wextra", "-warnings-as-errors", "--strict",
        "--error-on-warnings",
        "warningsAsErrors", "-Weverything", "/W1", "/W2", "/W3", "/W4", "/WX", "/Wall", "--fatal-warnings",
        "-Wfatal-errors", "--fail-on-warning",
        "--fail-on-warnings",
        "TreatWarningsAsErrors", "allWarningsAsErrors", "CMAKE_COMPILE_WARNING_AS_ERROR", "treatAllWarnings",
    ]
    private static let exactlyLowering: Set<String> = [
        "-w", "/w", "/W0", "-suppress-warnings", "-no-warnings-as-errors", "-Xlint:none", "NoWarn", "--quiet-warnings",
        "-Wno-error", "--no-strict", "-fpermissive", "--no-warnings", "--nowarn", "-no-strict", "suppressWarnings",
        "--force-warn=none",
    ]

    /// The words of a line as a command line has them: `CFLAGS=-Wall -O2` gives `CFLAGS`, `-Wall`, `-O2`.
    static func words(_ line: String) -> [String] {
        line.utf8.split { byte in
            switch byte {
            case 0x09, 0x20, 0x22, 0x27, 0x28, 0x29, 0x2C, 0x3B, 0x3C, 0x3E, 0x3D, 0x5B, 0x5D, 0x60, 0x7B, 0x7D: true
            default: false
            }
        }.compactMap { String(Substring($0)) }
    }
}
