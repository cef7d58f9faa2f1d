#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output and error of a command.
enum Terminal {
    static let outputIsTerminal = isatty(1) == 1
    static let inputIsTerminal = isatty(0) == 1
    static let errorIsTerminal = isatty(2) == 1

    static func out(_ text: String) { write(text, to: 1) }
    static func line(_ text: String) { write(text + "\n", to: 1) }
    static func error(_ text: String) { write(text + "\n", to: 2) }
    /// A line of standard error, a terminal, that the next one takes the place of.
    static func progress(_ text: String, isLast: Bool) { write("\r\u{1B}[K\(text)\(isLast ? "\n" : "")", to: 2) }

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    static let usesColour = outputIsTerminal && getenv("NO_COLOR") == nil

    static func styled(_ text: String, _ style: Style) -> String {
        usesColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Sandbox output is hostile: control characters would drive the user's terminal.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if !isHarmful(scalar) {
                result.append(scalar)
            } else if scalar.value < 32 {
                result.append(contentsOf: "^".unicodeScalars)
                if let shown = Unicode.Scalar(scalar.value + 64) { result.append(shown) }
            } else {
                result.append("\u{FFFD}")
            }
        }
        return String(result)
    }

    /// A file's name, which may not begin a line of its own.
    static func name(_ path: String) -> String {
        harmless(path).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "^J")
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 9, 10: false
        case 0..<32, 127..<160: true
        // Marks that turn the direction of text: what is shown would not be what is there.
        case 0x202A...0x202E, 0x2066...0x2069, 0x200E, 0x200F: true
        default: false
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}

#if canImport(Glibc)
    private let systemWrite = Glibc.write
#else
    private let systemWrite = Darwin.write
#endif
