import JSON

/// A tool call's arguments, read strictly: a missing, unknown or wrong one is told to the model.
struct ToolArguments {
    private let tool: String
    private let object: JSONObject

    init(_ json: JSON, tool: String, known: [String]) throws(ToolFailure) {
        guard let object = json.objectValue else { throw ToolFailure("\(tool): the arguments must be an object.") }
        for (key, _) in object where !known.contains(key) {
            throw ToolFailure("\(tool): unknown argument `\(key)`; it takes \(known.joined(separator: ", ")).")
        }
        self.tool = tool
        self.object = object
    }

    func string(_ key: String) throws(ToolFailure) -> String {
        guard let value = try optionalString(key) else { throw ToolFailure("\(tool): `\(key)` is missing.") }
        return value
    }

    func optionalString(_ key: String) throws(ToolFailure) -> String? {
        guard let value = present(key) else { return nil }
        guard let text = value.stringValue else { throw ToolFailure("\(tool): `\(key)` must be a string.") }
        return text
    }

    func int(_ key: String, in range: ClosedRange<Int>, default standard: Int) throws(ToolFailure) -> Int {
        guard let value = present(key) else { return standard }
        guard let number = value.intValue, range.contains(number) else {
            throw ToolFailure(
                "\(tool): `\(key)` must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    func bool(_ key: String) throws(ToolFailure) -> Bool {
        guard let value = present(key) else { return false }
        guard let flag = value.boolValue else { throw ToolFailure("\(tool): `\(key)` must be true or false.") }
        return flag
    }

    func strings(_ key: String) throws(ToolFailure) -> [String] {
        guard let items = present(key)?.arrayValue else {
            throw ToolFailure("\(tool): `\(key)` must be a list of strings.")
        }
        var texts: [String] = []
        for item in items {
            guard let text = item.stringValue else { throw ToolFailure("\(tool): `\(key)` must hold only strings.") }
            texts.append(text)
        }
        return texts
    }

    private func present(_ key: String) -> JSON? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }
}
