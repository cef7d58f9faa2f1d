extension JSON {
    /// Parses a whole text: one value with nothing but white space around it.
    /// - Throws: `JSONParseError` when the bytes are not JSON by RFC 8259 or exceed the limits.
    public init(
        parsing bytes: some Collection<UInt8>, limits: JSONLimits = .default
    ) throws(JSONParseError) {
        let inPlace = bytes.withContiguousStorageIfAvailable { Self.parse($0, limits) }
        let result = inPlace ?? Array(bytes).withUnsafeBufferPointer { Self.parse($0, limits) }
        self = try result.get()
    }

    /// Parses a whole text: one value with nothing but white space around it.
    /// - Throws: `JSONParseError` when the text is not JSON by RFC 8259 or exceeds the limits.
    public init(parsing text: String, limits: JSONLimits = .default) throws(JSONParseError) {
        var text = text
        let result = text.withUTF8 { Self.parse($0, limits) }
        self = try result.get()
    }

    private static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limits: JSONLimits
    ) -> Result<JSON, JSONParseError> {
        var parser = JSONParser(bytes: bytes, limits: limits)
        do throws(JSONParseError) {
            return .success(try parser.parseText())
        } catch {
            return .failure(error)
        }
    }
}
