import JSON

extension EgressPermission {
    /// Longest text of a rule: a name of 253 bytes, a path, a few methods.
    private static let maximumBytes = 2048
    /// A path is longer than any that a rule is written for.
    private static let maximumPathBytes = 1024

    /// Reads `SCHEME://HOST[:PORT][/PATH] [METHOD,METHOD…]`.
    /// - Throws: `PolicyError.badEgressRule`.
    public init(_ text: String) throws(PolicyError) {
        func bad(_ reason: String) -> PolicyError { .badEgressRule(String(text.prefix(200)), reason: reason) }
        guard text.utf8.count <= Self.maximumBytes else { throw bad("it is too long") }
        let words = text.split(separator: " ")
        guard let address = words.first, words.count <= 2 else {
            throw bad("`SCHEME://HOST[:PORT][/PATH] [METHODS]` is expected")
        }
        guard let colon = address.firstRange(of: "://"),
            let scheme = Scheme(rawValue: String(address[..<colon.lowerBound]))
        else { throw bad("it must begin with http://, https:// or tcp://") }
        let rest = address[colon.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (host, port) = try Self.place(rest[..<slash], in: text)
        self = try Self.checked(
            scheme, host, port, slash == rest.endIndex ? nil : String(rest[slash...]),
            words.count == 2
                ? Set(words[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)) : nil,
            in: text)
    }

    /// Reads a text, or `{host, scheme?, port?, path?, methods?}`.
    public init(json: JSON) throws(PolicyError) {
        if let text = json.stringValue {
            try self.init(text)
            return
        }
        guard let object = json.objectValue else {
            throw .wrongType(key: "egress", expected: "a list of rules, a text or a mapping each")
        }
        for (key, _) in object where !["scheme", "host", "port", "path", "methods"].contains(key) {
            throw .badEgressRule(
                String(json.text.prefix(200)),
                reason: "`\(key.prefix(64))` is not known here; known are scheme, host, port, path, methods")
        }
        func text(_ key: String) throws(PolicyError) -> String? {
            guard let value = json[key] else { return nil }
            guard let text = value.stringValue else { throw .wrongType(key: key, expected: "a text") }
            return text
        }
        guard let host = try text("host") else {
            throw .badEgressRule(String(json.text.prefix(200)), reason: "it names no host")
        }
        guard let scheme = Scheme(rawValue: try text("scheme") ?? Scheme.https.rawValue) else {
            throw .wrongType(key: "scheme", expected: "http, https or tcp")
        }
        if let port = json["port"], port.intValue == nil { throw .wrongType(key: "port", expected: "a number") }
        var methods: Set<String>?
        if let list = json["methods"] {
            guard let names = list.arrayValue?.map(\.stringValue), !names.contains(nil) else {
                throw .wrongType(key: "methods", expected: "a list of texts")
            }
            methods = Set(names.compactMap { $0 })
        }
        self = try Self.checked(
            scheme, host, json["port"]?.intValue, try text("path"), methods, in: "\(scheme.rawValue)://\(host)")
    }

    private static func place(_ text: Substring, in rule: String) throws(PolicyError) -> (String, Int?) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw .badEgressRule(rule, reason: "the bracket of the address is not closed")
            }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw .badEgressRule(rule, reason: "a port is expected behind the address")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
            guard host.contains(":") else { throw .badEgressRule(rule, reason: "only an IPv6 address is bracketed") }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            guard !host.contains(":") else {
                throw .badEgressRule(rule, reason: "an IPv6 address is written in brackets")
            }
        }
        guard let port else { return (String(host), nil) }
        guard !port.isEmpty, port.utf8.count <= 5, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(port)
        else { throw .badEgressRule(rule, reason: "`\(port)` is no port") }
        return (String(host), number)
    }

    static func checked(
        _ scheme: Scheme, _ host: String, _ port: Int?, _ path: String?, _ methods: Set<String>?, in rule: String
    ) throws(PolicyError) -> EgressPermission {
        func bad(_ reason: String) -> PolicyError { .badEgressRule(String(rule.prefix(200)), reason: reason) }
        guard let port = port ?? scheme.usualPort else { throw bad("a port is needed: tcp has no usual one") }
        guard (1...65535).contains(port) else { throw bad("\(port) is no port") }
        let name = host.lowercased()
        if let reason = Self.objection(toHost: name) { throw bad(reason) }
        if scheme == .tcp, path != nil || methods != nil { throw bad("tcp has no paths and methods") }
        if let methods {
            guard !methods.isEmpty else { throw bad("it names no method; leave methods out for all") }
            for method in methods {
                let isToken =
                    !method.isEmpty && method.utf8.count <= 32
                    && method.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == 0x2D }
                guard isToken else { throw bad("`\(method.prefix(64))` is no method; they are written in capitals") }
                guard method != "CONNECT", method != "TRACE" else { throw bad("\(method) cannot be allowed") }
            }
        }
        return EgressPermission(
            scheme, name, port, try path.flatMap { path throws(PolicyError) in try normal(path, in: rule) }, methods)
    }

    /// Nil for `/`, which every path is beneath.
    private static func normal(_ path: String, in rule: String) throws(PolicyError) -> String? {
        func bad(_ reason: String) -> PolicyError { .badEgressRule(String(rule.prefix(200)), reason: reason) }
        guard path.utf8.count <= maximumPathBytes else { throw bad("the path is too long") }
        guard path.hasPrefix("/") else { throw bad("a path begins with `/`") }
        let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#%\\;*\"<>".utf8.contains($0) }
        guard isPlain else {
            throw bad("a path holds plain characters only: no spaces, `%`, `?`, `#`, `;`, `*` and the like")
        }
        let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        let named = parts.last == "" ? parts.dropLast() : parts[...]
        guard !named.contains(where: { ["", ".", ".."].contains($0) }) else {
            throw bad("a path has no empty parts, `.` or `..`")
        }
        return named.isEmpty ? nil : "/" + named.joined(separator: "/")
    }

    /// Why a host cannot stand in a rule; nil when it can.
    private static func objection(toHost host: String) -> String? {
        guard !host.isEmpty else { return "it names no host" }
        if host.contains(":") {
            let isPlain =
                host.utf8.count <= 45
                && host.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x3A || $0 == 0x2E
                }
            return isPlain ? nil : "`\(host.prefix(64))` is no address"
        }
        let isPattern = host.hasPrefix("*.")
        let name = isPattern ? host.dropFirst(2) : host[...]
        guard name.utf8.count <= 253 else { return "a name has at most 253 bytes" }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            let isLabel =
                !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F
                }
            guard isLabel else {
                return label.contains("*")
                    ? "`*` stands for the whole of the first labels only, as in `*.example.com`"
                    : "`\(name.prefix(64))` is no host name (international names are written as punycode)"
            }
        }
        // `127.1` and `0x7f.1` are addresses to some programs and names to others.
        guard let last = labels.last, last.utf8.first.map({ (0x30...0x39).contains($0) }) == true,
            last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) || last.hasPrefix("0x")
        else { return isPattern && labels.count < 2 ? "`*.` needs a domain of two labels at least" : nil }
        let isAddress =
            !isPattern && labels.count == 4
            && labels.allSatisfy { label in UInt8(label).map { String($0) == label } ?? false }
        return isAddress ? nil : "`\(host.prefix(64))` is neither a name nor an address as it is usually written"
    }
}

/// Kept as its text.
extension EgressPermission: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
