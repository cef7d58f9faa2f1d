import FoundationEssentials

/// Times as forges write them (RFC 3339), with or without fractions of a second and with any offset.
enum ForgeTime {
    /// Seconds since 1970; nil when it is no time.
    static func seconds(_ text: String) -> Double? {
        guard text.utf8.count <= 40 else { return nil }
        // The style takes either form, but not both.
        let plain = Date.ISO8601FormatStyle()
        let date = (try? Date(text, strategy: plain)) ?? (try? Date(withoutFraction(text), strategy: plain))
        return date.map { $0.timeIntervalSince1970 }
    }

    /// RFC 3339 in UTC, to the second.
    static func text(seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle())
    }

    /// Fractions differ in length between forges; seconds are all that is compared.
    private static func withoutFraction(_ text: String) -> String {
        guard let dot = text.firstIndex(of: ".") else { return text }
        return String(text[..<dot]) + text[dot...].dropFirst().drop { $0.isASCII && $0.isNumber }
    }
}
