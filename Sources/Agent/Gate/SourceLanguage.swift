/// What a file is written in, by its name.
enum SourceLanguage: Sendable {
    case c, cmake, csharp, elisp, go, java, kotlin, lua, make, other, perl, php, python, ruby, rust, script, shell,
        swift

    init(path: String) {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let ending =
            name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last.map(String.init) ?? ""
        switch ending.lowercased() {
        case "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "m", "mm", "cu", "ino": self = .c
        case "cmake": self = .cmake
        case "cs", "fs", "vb": self = .csharp
        case "el": self = .elisp
        case "go": self = .go
        case "java", "groovy", "scala": self = .java
        case "kt", "kts": self = .kotlin
        case "lua": self = .lua
        case "mk", "mak": self = .make
        case "pl", "pm", "t": self = .perl
        case "php": self = .php
        case "py", "pyi", "pyx": self = .python
        case "rb", "rake": self = .ruby
        case "rs": self = .rust
        case "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte": self = .script
        case "sh", "bash", "zsh", "ksh", "bats": self = .shell
        case "swift": self = .swift
        default:
            switch name.lowercased() {
            case "makefile", "gnumakefile", "makefile.am", "makefile.in": self = .make
            case "cmakelists.txt": self = .cmake
            case "gemfile", "rakefile": self = .ruby
            case ".luacheckrc", ".busted": self = .lua
            default: self = .other
            }
        }
    }

    /// What begins a comment that goes to the end of its line.
    var lineComment: String? {
        switch self {
        case .c, .csharp, .go, .java, .kotlin, .php, .rust, .script, .swift: "//"
        case .cmake, .make, .perl, .python, .ruby, .shell: "#"
        case .lua: "--"
        case .elisp: ";"
        case .other: nil
        }
    }

    /// `#` begins a comment only where a word could begin.
    var commentNeedsBlank: Bool {
        switch self {
        case .make, .shell, .perl, .ruby, .cmake: true
        default: false
        }
    }

    /// What stands around a comment of several lines.
    var blockComment: (begin: String, end: String)? {
        switch self {
        case .c, .csharp, .go, .java, .kotlin, .php, .rust, .script, .swift: ("/*", "*/")
        case .lua: ("--[[", "]]")
        case .cmake: ("#[[", "]]")
        default: nil
        }
    }

    /// Quotes of strings that end in their line.
    var quotes: [UInt8] {
        switch self {
        case .c, .csharp, .java, .kotlin, .elisp, .rust, .swift, .cmake: [0x22]
        case .go, .script: [0x22, 0x27, 0x60]
        case .make, .other: []
        case .lua, .perl, .php, .python, .ruby, .shell: [0x22, 0x27]
        }
    }

    /// What opens and closes text that is switched off.
    var dead: [(begin: Needle, end: Needle)] {
        switch self {
        case .c: [("#if0", "#endif")]
        case .swift, .csharp: [("#iffalse", "#endif")]
        case .ruby: [("=begin", "=end")]
        case .perl: [("=pod", "=cut"), ("=begin", "=cut"), ("=head", "=cut")]
        default: []
        }
    }
}
