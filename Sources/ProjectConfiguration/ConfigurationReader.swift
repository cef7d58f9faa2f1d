import JSON

/// Reads the members of a configuration with errors that name the place.
public struct ConfigurationReader {
    public let file: String
    let locations: YAMLLocations

    /// - Parameter locations: as ``YAMLDocument/json(from:file:)`` gives them.
    public init(file: String, locations: YAMLLocations) {
        self.file = file
        self.locations = locations
    }

    /// An error that points at a value.
    public func error(at path: YAMLPath, _ message: String) -> ConfigurationError {
        let position = locations.position(of: path)
        return ConfigurationError(file: file, line: position.line, column: position.column, message: message)
    }

    /// The mapping's members; any other key than these is an error, since a misspelt `required` must not be overlooked.
    public func object(_ value: JSON, at path: YAMLPath, keys: [String]) throws(ConfigurationError) -> JSONObject {
        guard let object = value.objectValue else { throw mismatch(value, path, "a mapping") }
        for (key, _) in object where !keys.contains(key) {
            let position = locations.keyPosition(of: path[key])
            throw ConfigurationError(
                file: file, line: position.line, column: position.column,
                message: "unknown key ‘\(key.prefix(64))’; known here: \(keys.joined(separator: ", "))")
        }
        return object
    }

    /// - Parameter most: entries.
    public func array(_ value: JSON, at path: YAMLPath, most: Int) throws(ConfigurationError) -> [JSON] {
        guard let array = value.arrayValue else { throw mismatch(value, path, "a list") }
        guard array.count <= most else { throw error(at: path, "\(path) has more than \(most) entries") }
        return array
    }

    /// - Parameter most: bytes of UTF-8.
    public func string(_ value: JSON, at path: YAMLPath, most: Int) throws(ConfigurationError) -> String {
        guard let string = value.stringValue else { throw mismatch(value, path, "a string") }
        guard string.utf8.count <= most else { throw error(at: path, "\(path) is longer than \(most) bytes") }
        // A NUL byte ends a string of the operating system.
        guard !string.utf8.contains(0) else { throw error(at: path, "\(path) holds a NUL character") }
        return string
    }

    /// A short text for lists and messages: not empty, no control characters.
    public func name(
        _ value: JSON, at path: YAMLPath, most: Int = ConfigurationLimits.nameBytes
    ) throws(ConfigurationError) -> String {
        let name = try string(value, at: path, most: most)
        guard !name.utf8.allSatisfy({ $0 == 0x20 }) else { throw error(at: path, "\(path) is empty") }
        guard !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw error(at: path, "\(path) holds a control character")
        }
        return name
    }

    public func bool(_ value: JSON, at path: YAMLPath) throws(ConfigurationError) -> Bool {
        guard let bool = value.boolValue else { throw mismatch(value, path, "true or false") }
        return bool
    }

    public func integer(_ value: JSON, at path: YAMLPath, within range: ClosedRange<Int>) throws(ConfigurationError)
        -> Int
    {
        guard let number = value.intValue else { throw mismatch(value, path, "a whole number") }
        guard range.contains(number) else {
            throw error(at: path, "\(path) must be from \(range.lowerBound) to \(range.upperBound), not \(number)")
        }
        return number
    }

    /// A list of words, or a string for `/bin/sh -c`.
    public func command(_ value: JSON, at path: YAMLPath) throws(ConfigurationError) -> [String] {
        if let script = value.stringValue {
            guard script.contains(where: { !$0.isWhitespace }) else { throw error(at: path, "\(path) is empty") }
            return ["/bin/sh", "-c", try string(value, at: path, most: ConfigurationLimits.wordBytes)]
        }
        guard value.arrayValue != nil else { throw mismatch(value, path, "a list of words, or a string for the shell") }
        var words: [String] = []
        for (index, word) in try array(value, at: path, most: ConfigurationLimits.commandWords).enumerated() {
            words.append(try string(word, at: path[index], most: ConfigurationLimits.wordBytes))
        }
        guard let program = words.first, !program.isEmpty else { throw error(at: path, "\(path) names no program") }
        return words
    }

    private func mismatch(_ value: JSON, _ path: YAMLPath, _ wanted: String) -> ConfigurationError {
        // `8080` and `yes` surprise most.
        let hint = wanted == "a string" && value.arrayValue == nil && value.objectValue == nil ? "; quote it" : ""
        return error(at: path, "\(path) must be \(wanted), not \(value.kindDescription)\(hint)")
    }
}
