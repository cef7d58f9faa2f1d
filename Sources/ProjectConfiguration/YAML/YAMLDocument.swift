import JSON

/// Reads YAML as data: no types of anyone's own, nothing constructed, nothing unbounded.
public enum YAMLDocument {
    /// The one document of a file, as JSON; `null` when the file is empty.
    ///
    /// Plain scalars are typed by the core schema of YAML 1.2.2 (section 10.3): `yes`, `no`, `on` and `off` are
    /// strings. Refused: more than `ConfigurationLimits` allow, repeated keys, keys that are no scalars, merge keys,
    /// tags outside the core schema, infinite numbers, several documents, text that is not UTF-8.
    public static func json(
        from bytes: [UInt8], file: String
    ) throws(ConfigurationError) -> (value: JSON, locations: YAMLLocations) {
        guard bytes.count <= ConfigurationLimits.fileBytes else {
            throw ConfigurationError(
                file: file, line: 1, column: 1, message: "more than \(ConfigurationLimits.fileBytes) bytes")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw ConfigurationError(file: file, line: lineOfInvalidText(bytes), column: 1, message: "not UTF-8")
        }
        let result: Result<(JSON, YAMLLocations), ConfigurationError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(ConfigurationError) {
                var composer = YAMLComposer(events: YAMLEvents(buffer, file: file), file: file)
                return .success(try composer.document())
            } catch {
                return .failure(error)
            }
        }
        let (value, locations) = try result.get()
        return (value, locations)
    }

    private static func lineOfInvalidText(_ bytes: [UInt8]) -> Int {
        var line = 1
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return 1
    }
}
