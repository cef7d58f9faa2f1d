/// Character classes and names of HTTP (RFC 9110).
enum HTTPSyntax {
    /// Token characters, RFC 9110 section 5.6.2.
    private static let tokenTable: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in "!#$%&'*+-.^_`|~".utf8 { table[Int(byte)] = true }
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { table[Int(byte)] = true }
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { table[Int(byte)] = true }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { table[Int(byte)] = true }
        return table
    }()

    static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { tokenTable[Int($0)] }
    }

    /// Field values, RFC 9110 section 5.5, `obs-text` included.
    static func isFieldValue(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// One spelling for all that a server may take for the same field: lower case, and the underscore that CGI makes of
    /// the hyphen.
    static func canonicalName(_ name: some StringProtocol) -> String {
        String(
            decoding: name.utf8.map { byte -> UInt8 in
                switch byte {
                case 0x41...0x5A: byte | 0x20
                case UInt8(ascii: "_"): UInt8(ascii: "-")
                default: byte
                }
            }, as: UTF8.self)
    }

    /// Fields of one connection only (RFC 9110 section 7.6.1), and those that the gateway writes itself.
    private static let connectionFields: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate",
        "proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
        "content-length", "host",
    ]

    /// Fields with which some servers replace the method or path of the request line, and so what was decided.
    private static let overridingFields: Set<String> = [
        "x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url",
        "x-original-uri", "x-forwarded-host", "x-forwarded-server", "x-forwarded-uri", "x-forwarded-prefix",
        "x-host", "forwarded",
    ]

    /// - Parameter name: canonical.
    static func isConnectionField(_ name: String) -> Bool { connectionFields.contains(name) }
    static func isOverridingField(_ name: String) -> Bool { overridingFields.contains(name) }

    /// Whether the gateway writes or removes this field itself, so that no credential can be put in it.
    static func isManagedHeader(_ name: String) -> Bool {
        let name = canonicalName(name)
        return isConnectionField(name) || isOverridingField(name) || name == "expect"
    }
}
