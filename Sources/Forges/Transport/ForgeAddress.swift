/// An address taken apart as far as we need it: who is spoken to, and what is asked for.
struct ForgeAddress: Sendable, Hashable {
    /// `https` or `http`.
    var scheme: String
    /// Host in lower case, and port where it is not the scheme's own.
    var authority: String
    /// Path and query; begins with a slash.
    var target: String

    /// Nil for anything but `http` and `https`, for user names, spaces and control characters. A fragment is dropped.
    init?(_ text: String) {
        guard text.utf8.count <= 8000, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let end = text.firstRange(of: "://")
        else { return nil }
        scheme = text[..<end.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = text[end.upperBound...].prefix { $0 != "#" }
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        guard !host.isEmpty, !host.contains("@"), !host.contains("%") else { return nil }
        authority = host.lowercased()
        let port = scheme == "https" ? ":443" : ":80"
        if authority.hasSuffix(port) { authority.removeLast(port.count) }
        guard !authority.isEmpty, authority != ":" else { return nil }
        let target = rest.dropFirst(host.count)
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }

    var origin: String { "\(scheme)://\(authority)" }
    var text: String { origin + target }

    /// The address that a `Location` names (RFC 9110, section 10.2.2): absolute, or a path on the same host.
    func following(_ location: String) -> ForgeAddress? {
        if location.hasPrefix("/"), !location.hasPrefix("//") { return ForgeAddress(origin + location) }
        return ForgeAddress(location)
    }
}
