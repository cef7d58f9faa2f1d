extension RequestHead {
    /// - Parameter lines: from ``HeadLines``, never empty.
    init(lines: [[UInt8]]) throws(HTTPError) {
        guard let start = lines.first else { throw .badStartLine }
        let words = start.split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count == 3, HTTPSyntax.isToken(words[0]), words[0].count <= 32, !words[1].isEmpty,
            words[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") })
        else { throw .badStartLine }
        if words[2].elementsEqual("HTTP/1.1".utf8) {
            minorVersion = 1
        } else if words[2].elementsEqual("HTTP/1.0".utf8) {
            minorVersion = 0
        } else {
            throw words[2].starts(with: "HTTP/".utf8) ? .badVersion : .badStartLine
        }
        method = String(decoding: words[0], as: UTF8.self)
        target = String(decoding: words[1], as: UTF8.self)
        fields = try HTTPFields.parse(lines.dropFirst())
        framing = try HTTPFields.framing(fields) ?? .none
        // HTTP/1.0 knows no transfer codings: a server could take the chunks for a second request.
        if framing == .chunked, minorVersion == 0 { throw .badTransferCoding }
        let hosts = fields.filter { $0.canonical == "host" }.count
        guard hosts == 1 || (hosts == 0 && minorVersion == 0) else { throw .badHost }
    }
}

extension ResponseHead {
    init(lines: [[UInt8]]) throws(HTTPError) {
        guard let start = lines.first else { throw .badStartLine }
        let words = start.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[1].count == 3, words[1].allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .badStartLine
        }
        if words[0].elementsEqual("HTTP/1.1".utf8) {
            minorVersion = 1
        } else if words[0].elementsEqual("HTTP/1.0".utf8) {
            minorVersion = 0
        } else {
            throw .badVersion
        }
        status = words[1].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard (100...599).contains(status) else { throw .badStartLine }
        let phrase = words.count == 3 ? words[2] : []
        reason = String(decoding: phrase.filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
        fields = try HTTPFields.parse(lines.dropFirst())
    }

    /// How the body is delimited, RFC 9112 section 6.3.
    func framing(answering method: String) throws(HTTPError) -> BodyFraming {
        let stated = try HTTPFields.framing(fields, tolerant: true)
        if method == "HEAD" || status < 200 || status == 204 || status == 304 { return .none }
        if stated == .chunked, minorVersion == 0 { throw .badTransferCoding }
        return stated ?? .untilClose
    }
}
