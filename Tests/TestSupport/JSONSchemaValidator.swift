import JSON

/// The part of JSON Schema 2020-12 that our schemas use.
///
/// A keyword that it does not know is an error when the schema is loaded: nothing is silently left unchecked.
public struct JSONSchemaValidator: Sendable {
    /// The whole schema document; `$ref` points into it.
    public let document: JSON

    private static let keywords: Set<String> = [
        "$ref", "additionalProperties", "const", "enum", "items", "maxItems", "maximum", "minItems", "minimum", "oneOf",
        "properties", "required", "type",
    ]
    /// They say something about a value and check nothing.
    private static let annotations: Set<String> = ["$comment", "default", "description", "title"]
    private static let rootKeywords: Set<String> = ["$defs", "$id", "$schema"]
    private static let typeNames: Set<String> = [
        "array", "boolean", "integer", "null", "number", "object", "string",
    ]

    /// - Throws: `JSONSchemaError` for an unknown keyword, a keyword of the wrong form or a reference to nothing.
    public init(document: JSON) throws(JSONSchemaError) {
        self.document = document
        guard let root = document.objectValue else {
            throw JSONSchemaError(path: "#", message: "a schema is an object")
        }
        try check(document, at: "#", ignoring: Self.rootKeywords)
        for (name, definition) in root["$defs"]?.objectValue ?? JSONObject() {
            try check(definition, at: "#/$defs/\(name)")
        }
    }

    /// What is wrong with a value; empty when it is valid.
    /// - Parameter reference: where the schema is in the document: `#/$defs/Name`; `#` is the document itself.
    /// - Throws: `JSONSchemaError` when there is nothing at `reference`.
    public func problems(of value: JSON, against reference: String) throws(JSONSchemaError) -> [SchemaProblem] {
        guard let schema = schema(at: reference) else {
            throw JSONSchemaError(path: reference, message: "there is no such schema")
        }
        return problems(value, schema, "$")
    }

    /// The schema at a JSON pointer in fragment form (RFC 6901 section 6).
    public func schema(at reference: String) -> JSON? {
        guard reference.hasPrefix("#") else { return nil }
        var found = document
        for step in reference.dropFirst().split(separator: "/") {
            let key = String(step.replacing("~1", with: "/").replacing("~0", with: "~"))
            guard let next = found[key] else { return nil }
            found = next
        }
        return found
    }
}

/// A schema that cannot be used.
public struct JSONSchemaError: Error, Equatable, CustomStringConvertible {
    public let path: String
    public let message: String

    public var description: String { "\(path): \(message)" }
}

/// A place where a value does not fit its schema.
public struct SchemaProblem: Sendable, Equatable, CustomStringConvertible {
    /// From the root of the value: `$.files[2].path`.
    public let path: String
    public let message: String

    public var description: String { "\(path): \(message)" }
}

// MARK: - Loading

extension JSONSchemaValidator {
    private func check(_ schema: JSON, at path: String, ignoring: Set<String> = []) throws(JSONSchemaError) {
        guard let object = schema.objectValue else {
            throw JSONSchemaError(path: path, message: "a schema is an object")
        }
        for (keyword, value) in object {
            if ignoring.contains(keyword) || Self.annotations.contains(keyword) { continue }
            guard Self.keywords.contains(keyword) else {
                throw JSONSchemaError(path: path, message: "unknown keyword \(keyword)")
            }
            try check(keyword, value, at: "\(path)/\(keyword)")
        }
    }

    private func check(_ keyword: String, _ value: JSON, at path: String) throws(JSONSchemaError) {
        let fits: Bool
        switch keyword {
        case "$ref":
            fits = value.stringValue.flatMap(schema(at:)) != nil
        case "type":
            let names = value.arrayValue ?? [value]
            fits = !names.isEmpty && names.allSatisfy { $0.stringValue.map(Self.typeNames.contains) ?? false }
        case "const":
            fits = value.isScalar
        case "enum":
            let values = value.arrayValue ?? []
            fits = !values.isEmpty && values.allSatisfy(\.isScalar) && Set(values).count == values.count
        case "required":
            let names = value.arrayValue?.map(\.stringValue)
            fits = names.map { $0.allSatisfy { $0 != nil } && Set($0).count == $0.count } ?? false
        case "minimum", "maximum":
            fits = value.doubleValue != nil
        case "minItems", "maxItems":
            fits = value.intValue.map { $0 >= 0 } ?? false
        case "additionalProperties":
            fits = true
            if value.boolValue == nil { try check(value, at: path) }
        case "items":
            fits = true
            try check(value, at: path)
        case "oneOf":
            fits = value.arrayValue?.isEmpty == false
            for (index, branch) in (value.arrayValue ?? []).enumerated() { try check(branch, at: "\(path)/\(index)") }
        default:  // properties
            fits = value.objectValue != nil
            for (name, property) in value.objectValue ?? JSONObject() { try check(property, at: "\(path)/\(name)") }
        }
        if !fits { throw JSONSchemaError(path: path, message: "\(value.text) does not fit this keyword") }
    }
}

// MARK: - Validating

extension JSONSchemaValidator {
    private func problems(_ value: JSON, _ schema: JSON, _ path: String) -> [SchemaProblem] {
        var found: [SchemaProblem] = []
        func problem(_ message: String) { found.append(SchemaProblem(path: path, message: message)) }

        if let reference = schema["$ref"]?.stringValue, let target = self.schema(at: reference) {
            found += problems(value, target, path)
        }
        if let type = schema["type"] {
            let names = (type.arrayValue ?? [type]).compactMap(\.stringValue)
            if !names.contains(where: value.isOfType) {
                problem("expected \(names.joined(separator: " or ")), found \(value.kindDescription)")
            }
        }
        if let constant = schema["const"], !value.equals(constant) { problem("must be \(constant.text)") }
        if let values = schema["enum"]?.arrayValue, !values.contains(where: value.equals) {
            problem("\(value.text) is none of \(values.map(\.text).joined(separator: ", "))")
        }
        if let number = value.doubleValue {
            if let bound = schema["minimum"]?.doubleValue, number < bound { problem("must be at least \(bound)") }
            if let bound = schema["maximum"]?.doubleValue, number > bound { problem("must be at most \(bound)") }
        }
        if let elements = value.arrayValue { found += problems(elements: elements, schema, path) }
        if let members = value.objectValue { found += problems(members: members, schema, path) }
        if let branches = schema["oneOf"]?.arrayValue { found += problems(value, oneOf: branches, path) }
        return found
    }

    private func problems(elements: [JSON], _ schema: JSON, _ path: String) -> [SchemaProblem] {
        var found: [SchemaProblem] = []
        if let bound = schema["minItems"]?.intValue, elements.count < bound {
            found.append(SchemaProblem(path: path, message: "must have at least \(bound) elements"))
        }
        if let bound = schema["maxItems"]?.intValue, elements.count > bound {
            found.append(SchemaProblem(path: path, message: "must have at most \(bound) elements"))
        }
        if let schema = schema["items"] {
            for (index, element) in elements.enumerated() { found += problems(element, schema, "\(path)[\(index)]") }
        }
        return found
    }

    private func problems(members: JSONObject, _ schema: JSON, _ path: String) -> [SchemaProblem] {
        var found: [SchemaProblem] = []
        for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) where members[name] == nil {
            found.append(SchemaProblem(path: path, message: "\(name) is missing"))
        }
        for (name, member) in members {
            if let property = schema["properties"]?[name] {
                found += problems(member, property, "\(path).\(name)")
            } else if schema["additionalProperties"]?.boolValue == false {
                found.append(SchemaProblem(path: path, message: "unknown member \(name)"))
            } else if let rest = schema["additionalProperties"], rest.boolValue == nil {
                found += problems(member, rest, "\(path).\(name)")
            }
        }
        return found
    }

    private func problems(_ value: JSON, oneOf branches: [JSON], _ path: String) -> [SchemaProblem] {
        let results = branches.map { problems(value, $0, path) }
        let fitting = results.count { $0.isEmpty }
        if fitting == 1 { return [] }
        if fitting > 1 { return [SchemaProblem(path: path, message: "fits \(fitting) alternatives instead of one")] }
        // The alternative that is meant is the one whose constants (the `type` of an event) are right.
        let meant = zip(branches, results).filter { branch, _ in hasConstants(of: branch, value) }
        if meant.count == 1, let (_, problems) = meant.first { return problems }
        return [SchemaProblem(path: path, message: "fits no alternative")]
    }

    private func hasConstants(of branch: JSON, _ value: JSON) -> Bool {
        let schema = branch["$ref"]?.stringValue.flatMap(schema(at:)) ?? branch
        let constants = (schema["properties"]?.objectValue ?? JSONObject()).filter { $0.value["const"] != nil }
        return !constants.isEmpty
            && constants.allSatisfy { name, property in
                property["const"].map { constant in value[name]?.equals(constant) ?? false } ?? false
            }
    }
}

extension JSON {
    fileprivate var isScalar: Bool {
        switch self {
        case .null, .bool, .number, .string: true
        case .array, .object: false
        }
    }

    /// Equality of scalars as JSON Schema has it: numbers by value.
    fileprivate func equals(_ other: JSON) -> Bool {
        if let own = doubleValue, let its = other.doubleValue { return own == its }
        return self == other
    }

    fileprivate func isOfType(_ name: String) -> Bool {
        switch (name, self) {
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
            ("object", .object):
            true
        case ("integer", .number(let number)):
            number.int != nil
        default:
            false
        }
    }
}
