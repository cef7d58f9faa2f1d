import Crypto

/// Signs requests as AWS asks: Signature Version 4, with the headers alone (no query parameters are signed into the
/// address). Values of headers are those of ours, without line breaks.
struct SignatureV4: Sendable {
    var region: String
    var service: String
    var credentials: AWSCredentials
    /// Whether segments of the path are encoded once more, as all services but S3 want it.
    var encodesPathTwice = true

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// Headers to add to a request: `x-amz-date`, `x-amz-security-token` where there is one, and `authorization`.
    /// - Parameters:
    ///   - headers: further headers to sign, `host` among them.
    ///   - path: the path as it is on the wire.
    ///   - query: the query as it is on the wire, without `?`.
    ///   - seconds: the time, in seconds since 1970.
    func headers(
        method: String, path: String, query: String = "", headers: [(name: String, value: String)], body: [UInt8],
        seconds: Int
    ) -> [(name: String, value: String)] {
        let time = Self.timestamp(seconds)
        var added: [(name: String, value: String)] = [("x-amz-date", time)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token.reveal())) }
        let canonical = canonicalRequest(method, path, query, headers + added, body)
        let day = String(time.prefix(8))
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let toSign = [Self.algorithm, time, scope, Self.hex(SHA256.hash(data: Array(canonical.text.utf8)))]
            .joined(separator: "\n")
        var key = SymmetricKey(data: Array(("AWS4" + credentials.secretKey.reveal()).utf8))
        for part in [day, region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        let signature = Self.hex(HMAC<SHA256>.authenticationCode(for: Array(toSign.utf8), using: key))
        added.append(
            (
                "authorization",
                "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(canonical.names), Signature=\(signature)"
            ))
        return added
    }

    func canonicalRequest(
        _ method: String, _ path: String, _ query: String, _ headers: [(name: String, value: String)], _ body: [UInt8]
    ) -> (text: String, names: String) {
        var byName: [String: [String]] = [:]
        for header in headers { byName[header.name.lowercased(), default: []].append(Self.squeezed(header.value)) }
        let sorted = byName.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let names = sorted.map(\.key).joined(separator: ";")
        let lines = sorted.map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
        let path = path.isEmpty ? "/" : path
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let canonicalPath = segments.map { encodesPathTwice ? PathSegment.encode($0) : $0 }.joined(separator: "/")
        let parameters = query.split(separator: "&").map { $0.contains("=") ? String($0) : $0 + "=" }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: "&")
        let text = [method, canonicalPath, parameters, lines, names, Self.hex(SHA256.hash(data: body))]
            .joined(separator: "\n")
        return (text, names)
    }

    /// White space as the canonical form has it: none at the ends, one blank in a row.
    private static func squeezed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { result, byte in
            if byte < 16 { result += "0" }
            result += String(byte, radix: 16)
        }
    }

    /// `20150830T123600Z`.
    static func timestamp(_ seconds: Int) -> String {
        // Civil date from days, in the proleptic Gregorian calendar whose years begin in March.
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        let second = ((seconds % 86_400) + 86_400) % 86_400
        func digits(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return digits(year, 4) + digits(civilMonth, 2) + digits(day, 2) + "T" + digits(second / 3600, 2)
            + digits(second / 60 % 60, 2) + digits(second % 60, 2) + "Z"
    }
}
