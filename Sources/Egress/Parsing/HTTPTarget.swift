/// Reads the targets and authorities of requests (RFC 9112 section 3.2).
enum HTTPTarget {
    /// `host:port`, both of them (authority form). Nil when malformed.
    static func authority(_ text: some StringProtocol, defaultPort: Int?) -> EgressTarget? {
        let bytes = Array(text.utf8)
        var host = bytes[...]
        var port = defaultPort
        let afterBrackets = (bytes.lastIndex(of: UInt8(ascii: "]")) ?? -1) + 1
        if let colon = bytes[afterBrackets...].firstIndex(of: UInt8(ascii: ":")) {
            host = bytes[..<colon]
            let digits = bytes[(colon + 1)...]
            guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            port = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard let port, (1...65535).contains(port), let name = EgressHost(host) else { return nil }
        // Without brackets the address would have swallowed its port.
        if case .address(.v6) = name, host.first != UInt8(ascii: "[") { return nil }
        return EgressTarget(host: name, port: port)
    }

    /// `http://host[:port][/path][?query]` (absolute form).
    ///
    /// - Returns: nil when malformed, with user information among it, or for another scheme.
    static func absolute(_ text: String) -> (target: EgressTarget, origin: String)? {
        let prefix = "http://"
        guard text.utf8.count > prefix.utf8.count,
            text.utf8.prefix(prefix.utf8.count).elementsEqual(prefix.utf8, by: { ($0 | 0x20) == ($1 | 0x20) })
        else { return nil }
        let rest = text.utf8.dropFirst(prefix.utf8.count)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard let target = authority(String(Substring(rest[..<end])), defaultPort: 80) else { return nil }
        let tail = String(Substring(rest[end...]))
        return (target, tail.hasPrefix("/") ? tail : "/" + tail)
    }
}
