/// A program that is a C or C++ compiler, or a part of one that speaks for itself.
struct CompilerName {
    var family: OutputSurvey.CompilerFamily
    var isCxx: Bool

    /// Understands target prefixes and version suffixes: `x86_64-linux-gnu-g++-12`.
    init?(_ program: String) {
        var name = program[...]
        // A version: `-12`, `-14.2`.
        if let dash = name.utf8.lastIndex(of: UInt8(ascii: "-")),
            name.utf8[name.utf8.index(after: dash)...].allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") })
        {
            name = name[..<dash]
        }
        if let dash = name.utf8.lastIndex(of: UInt8(ascii: "-")) {
            name = Substring(name.utf8[name.utf8.index(after: dash)...])
        }
        switch String(name) {
        case "gcc", "cc", "c89", "c99", "cc1", "collect2", "cpp", "gfortran", "f951", "lto1", "lto-wrapper":
            (family, isCxx) = (.gcc, false)
        case "g++", "c++", "cc1plus": (family, isCxx) = (.gcc, true)
        case "clang": (family, isCxx) = (.clang, false)
        case "clang++": (family, isCxx) = (.clang, true)
        default: return nil
        }
    }
}
