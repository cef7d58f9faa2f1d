import JSON
import NIOHTTP1

/// One request to a forge's interface.
struct ForgeCall: Sendable {
    var method: HTTPMethod
    /// Begins with a slash, beneath the base address; percent-encoded.
    var path: String
    var query: [(name: String, value: String)]
    var body: JSON?
    var accept: String
    /// It may be sent again after a failure that leaves open whether it took effect.
    var isRepeatable: Bool
    /// Where it is about one repository: decides the credential.
    var repository: RepositoryName?

    static func get(
        _ path: String, _ query: [(name: String, value: String)] = [], accept: String = "application/json",
        in repository: RepositoryName? = nil
    ) -> ForgeCall {
        ForgeCall(
            method: .GET, path: path, query: query, body: nil, accept: accept, isRepeatable: true,
            repository: repository)
    }

    /// A request that changes something. Only ``isRepeatable`` ones may be sent again by themselves.
    static func send(
        _ method: HTTPMethod, _ path: String, _ body: JSON, isRepeatable: Bool, in repository: RepositoryName? = nil
    ) -> ForgeCall {
        ForgeCall(
            method: method, path: path, query: [], body: body, accept: "application/json", isRepeatable: isRepeatable,
            repository: repository)
    }

    /// Path and query.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?"
            + query.map { "\(PercentEncoding.part($0.name))=\(PercentEncoding.part($0.value))" }
            .joined(separator: "&")
    }
}

/// What came back, with a status of success.
struct ForgeAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var bytes: [UInt8]

    /// The body as JSON.
    /// - Throws: ``ForgeError/malformedAnswer(_:)``
    func json() throws -> JSON {
        do throws(JSONParseError) {
            return try JSON(parsing: bytes, limits: JSONLimits(maxBytes: Int.max, duplicateKeys: .lastWins))
        } catch {
            throw ForgeError.malformedAnswer("It is not JSON (\(error)).")
        }
    }

    /// The forge says that another page follows (RFC 8288, `rel="next"`). Its address is not used: pages are counted here.
    var hasNextPage: Bool {
        headers["link"].contains { $0.contains("rel=\"next\"") || $0.contains("rel=next") }
    }
}

/// Percent-encoding (RFC 3986, section 2.1) of everything that is not unreserved.
enum PercentEncoding {
    static func part(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
