import JSON
import TestSupport
import Testing

/// The validator itself: what it takes, what it refuses, and that it refuses schemas that it would not check in full.
struct JSONSchemaValidatorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var schema: JSON
        var valid: [JSON]
        var invalid: [JSON]
        var testDescription: String { schema.text }
    }

    static let cases: [Case] = [
        Case(schema: [:], valid: [nil, 1, "a", [], [:]], invalid: []),
        Case(schema: ["type": "null"], valid: [nil], invalid: [0, false, ""]),
        Case(schema: ["type": "boolean"], valid: [true, false], invalid: [0, "true", nil]),
        Case(schema: ["type": "string"], valid: ["", "a"], invalid: [1, nil, ["a"]]),
        Case(schema: ["type": "integer"], valid: [0, -3, 3.0], invalid: [1.5, "1", true]),
        Case(schema: ["type": "number"], valid: [0, 1.5], invalid: ["1", nil]),
        Case(schema: ["type": ["string", "integer"]], valid: ["a", 1], invalid: [1.5, nil, true]),
        Case(schema: ["const": "a"], valid: ["a"], invalid: ["b", 1]),
        Case(schema: ["const": 1], valid: [1, 1.0], invalid: [2, "1"]),
        Case(schema: ["enum": ["a", "b"]], valid: ["a", "b"], invalid: ["c", nil]),
        Case(schema: ["minimum": 1, "maximum": 3], valid: [1, 2.5, 3, "not a number"], invalid: [0, 0.9, 3.1]),
        Case(
            schema: ["type": "array", "items": ["type": "string"], "minItems": 1, "maxItems": 2],
            valid: [["a"], ["a", "b"]], invalid: [[], ["a", "b", "c"], [1], ["a", 1], "a"]),
        Case(
            schema: ["type": "object", "properties": ["a": ["type": "integer"], "b": [:]], "required": ["a"]],
            valid: [["a": 1], ["a": 1, "b": nil], ["a": 1, "c": 2]], invalid: [[:], ["a": "1"], ["b": 1], []]),
        Case(
            schema: ["type": "object", "properties": ["a": [:]], "additionalProperties": false],
            valid: [[:], ["a": 1]], invalid: [["b": 1], ["a": 1, "b": 1]]),
        Case(
            schema: ["properties": ["a": [:]], "additionalProperties": ["type": "string"]],
            valid: [["a": 1], ["b": "x"]], invalid: [["b": 1]]),
        Case(
            schema: ["oneOf": [["type": "integer"], ["minimum": 5]]], valid: [1, 5.5, "neither is a number"],
            invalid: [7, 1.5]),
        Case(
            schema: [
                "$ref": "#/$defs/node",
                "$defs": [
                    "node": [
                        "type": "object", "properties": ["next": ["$ref": "#/$defs/node"]],
                        "additionalProperties": false,
                    ]
                ],
            ],
            valid: [[:], ["next": ["next": [:]]]], invalid: [["next": 1], ["next": ["next": ["other": 1]]]]),
        Case(
            schema: ["$ref": "#/$defs/a~1b~0c", "$defs": ["a/b~c": ["const": 1]]], valid: [1], invalid: [2]),
        // 2020-12 looks at what stands beside a reference.
        Case(
            schema: ["$ref": "#/$defs/word", "enum": ["a", 1], "$defs": ["word": ["type": "string"]]], valid: ["a"],
            invalid: ["b", 1]),
    ]

    @Test(arguments: cases)
    func values(_ one: Case) throws {
        let validator = try JSONSchemaValidator(document: one.schema)
        for value in one.valid { #expect(try validator.problems(of: value, against: "#") == [], "\(value)") }
        for value in one.invalid { #expect(try !validator.problems(of: value, against: "#").isEmpty, "\(value)") }
    }

    static let unusable: [JSON] = [
        ["pattern": "a"],
        ["properties": ["a": ["format": "uri"]]],
        ["items": ["uniqueItems": true]],
        ["oneOf": [["type": "string"], ["minLength": 1]]],
        ["$defs": ["a": ["anyOf": [[:]]]]],
        ["additionalProperties": ["not": [:]]],
        ["properties": ["a": ["$defs": [:]]]],
        ["$ref": "#/$defs/nothing"],
        ["$ref": "other.json#/$defs/a"],
        ["type": "text"],
        ["type": []],
        ["type": 1],
        ["const": ["a"]],
        ["enum": []],
        ["enum": ["a", "a"]],
        ["enum": [[:]]],
        ["required": "a"],
        ["required": ["a", 1]],
        ["required": ["a", "a"]],
        ["minimum": "1"],
        ["maxItems": -1],
        ["oneOf": []],
        ["properties": []],
        ["items": true],
        [],
    ]

    @Test(arguments: unusable)
    func schemasThatWouldNotBeCheckedAreRefused(_ schema: JSON) {
        #expect(throws: JSONSchemaError.self) { try JSONSchemaValidator(document: schema) }
    }

    @Test func aReferenceToNothingIsAnError() throws {
        let validator = try JSONSchemaValidator(document: [:])
        #expect(throws: JSONSchemaError.self) { try validator.problems(of: 1, against: "#/$defs/a") }
    }

    @Test func problemsNameTheirPlace() throws {
        let validator = try JSONSchemaValidator(document: [
            "properties": ["files": ["items": ["properties": ["path": ["type": "string"]], "required": ["size"]]]]
        ])
        let problems = try validator.problems(of: ["files": [["size": 1], ["path": 1]]], against: "#")
        #expect(
            problems.map(\.description) == [
                "$.files[1]: size is missing", "$.files[1].path: expected string, found a number",
            ])
    }

    /// In a union told apart by a constant, the problem is that of the alternative that is meant.
    @Test func aUnionReportsTheAlternativeThatIsMeant() throws {
        let validator = try JSONSchemaValidator(document: [
            "oneOf": [["$ref": "#/$defs/a"], ["$ref": "#/$defs/b"]],
            "$defs": [
                "a": ["properties": ["type": ["const": "a"], "x": ["type": "string"]], "required": ["type"]],
                "b": ["properties": ["type": ["const": "b"], "x": ["type": "integer"]], "required": ["type"]],
            ],
        ])
        func problems(_ value: JSON) throws -> [String] {
            try validator.problems(of: value, against: "#").map(\.description)
        }
        #expect(try problems(["type": "b", "x": "1"]) == ["$.x: expected integer, found a string"])
        #expect(try problems(["type": "c"]) == ["$: fits no alternative"])
        #expect(try problems(["type": "a", "x": "1"]) == [])
    }
}
