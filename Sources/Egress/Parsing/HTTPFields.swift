/// Fields of a head, and what they say of the body.
enum HTTPFields {
    static func parse(_ lines: ArraySlice<[UInt8]>) throws(HTTPError) -> [HTTPField] {
        var fields: [HTTPField] = []
        for line in lines {
            guard let first = line.first, first != 0x20, first != 0x09 else { throw .foldedField }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), HTTPSyntax.isToken(line[..<colon]),
                HTTPSyntax.isFieldValue(line[colon...])
            else { throw .badField }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let canonical = HTTPSyntax.canonicalName(name)
            // `Content_Length` is none to us and one to a server behind CGI.
            if ["content-length", "transfer-encoding", "host"].contains(canonical),
                name.utf8.contains(UInt8(ascii: "_"))
            {
                throw .badField
            }
            fields.append(HTTPField(name: name, canonical: canonical, value: trimmed(line[(colon + 1)...])))
        }
        return fields
    }

    /// - Parameter tolerant: for responses, in which RFC 9112 section 6.3 lets the transfer coding win over the length.
    /// - Returns: nil when neither field is there.
    static func framing(_ fields: [HTTPField], tolerant: Bool = false) throws(HTTPError) -> BodyFraming? {
        let lengths = fields.filter { $0.canonical == "content-length" }
        let codings = fields.filter { $0.canonical == "transfer-encoding" }
        if let coding = codings.first {
            guard codings.count == 1, tolerant || lengths.isEmpty else { throw .conflictingLength }
            guard isEqual(coding.value, "chunked") else { throw .badTransferCoding }
            return .chunked
        }
        guard let length = lengths.first else { return nil }
        guard lengths.count == 1 else { throw .conflictingLength }
        // 18 digits are under 2^63.
        guard (1...18).contains(length.value.count), length.value.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .badLength
        }
        return .length(length.value.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }

    /// Whether a comma-separated list holds a member, without regard to case.
    static func listContains(_ field: HTTPField, _ member: String) -> Bool {
        members(field).contains(member)
    }

    /// In lower case.
    static func members(_ field: HTTPField) -> [String] {
        field.value.split(separator: UInt8(ascii: ",")).map {
            HTTPSyntax.canonicalName(String(decoding: trimmed($0), as: UTF8.self))
        }
    }

    /// The fields to pass on: without those of this connection only, those that it names, and those that the caller drops.
    static func endToEnd(_ fields: [HTTPField], dropping: (String) -> Bool) -> [HTTPField] {
        let named = Set(fields.filter { $0.canonical == "connection" }.flatMap(members))
        return fields.filter {
            !HTTPSyntax.isConnectionField($0.canonical) && !named.contains($0.canonical) && !dropping($0.canonical)
        }
    }

    static func isEqual(_ value: [UInt8], _ text: String) -> Bool {
        value.elementsEqual(text.utf8) { ((0x41...0x5A).contains($0) ? $0 | 0x20 : $0) == $1 }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let start = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        let tail = start.reversed().prefix { $0 == 0x20 || $0 == 0x09 }.count
        return Array(start.dropLast(tail))
    }
}
