/// `b.c: In function ‘main’:`, `b.c: At top level:`: gcc says where the next findings are. Clang says no such thing.
struct GCCContextLine {
    init?(_ line: Substring) {
        guard let (file, rest) = line.cut(at: ": "), !file.isEmpty, rest.ends(":"),
            file.utf8.count <= DiagnosticLimits.pathBytes
        else { return nil }
        let openings = [
            "In function", "In member function", "In static member function", "In constructor", "In destructor",
            "In copy constructor", "In lambda function", "In instantiation of", "In substitution of",
            "In constexpr", "At top level", "At global scope", "In program", "In subroutine",
        ]
        guard openings.contains(where: { rest.begins($0) }) else { return nil }
    }
}
