/// As much of a makefile as it takes to know its targets.
enum Makefile {
    /// The targets of explicit rules: `test check: all`. Neither variables (`test := 1`) nor recipes.
    static func targets(_ text: String) -> Set<String> {
        var found: Set<String> = []
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let first = line.first, first != 0x09, first != 0x20, first != UInt8(ascii: "#"),
                let colon = line.firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            let after = line[line.index(after: colon)...].drop { $0 == UInt8(ascii: ":") }
            let head = line[..<colon]
            guard after.first != UInt8(ascii: "="), !head.contains(UInt8(ascii: "=")) else { continue }
            for word in head.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) {
                found.insert(String(Substring(word)))
            }
        }
        return found
    }
}
