import JSON
import Testing

@Suite struct CodingTests {
    enum Level: String, Codable { case low, high }

    struct File: Codable, Equatable {
        var path: String
        var size: UInt64?
        var level: Level?
    }

    struct Everything: Codable, Equatable {
        var flag: Bool
        var count: Int
        var small: Int8
        var large: UInt64
        var ratio: Double
        var single: Float
        var files: [File]
        var byName: [String: Int]
        var byNumber: [Int: String]
        var nested: [[Int?]]
        var anything: JSON
        var members: JSONObject
        var exact: JSONNumber
        var nothing: String?
    }

    private let everything = Everything(
        flag: true, count: -3, small: -128, large: .max, ratio: 0.1, single: 0.1,
        files: [File(path: "a", size: 1, level: .high), File(path: "b")],
        byName: ["x": 1], byNumber: [7: "seven"], nested: [[1, nil], []],
        anything: ["deep": [1, "two", nil]], members: ["m": 1],
        exact: JSONNumber(literal: "1.50") ?? JSONNumber(0), nothing: nil)

    private let text = """
        {"flag":true,"count":-3,"small":-128,"large":18446744073709551615,"ratio":0.1,"single":0.1,\
        "files":[{"path":"a","size":1,"level":"high"},{"path":"b"}],"byName":{"x":1},"byNumber":{"7":"seven"},\
        "nested":[[1,null],[]],"anything":{"deep":[1,"two",null]},"members":{"m":1},"exact":1.50}
        """

    @Test func encodes() throws {
        #expect(try JSONCoder.encode(everything).text == text)
    }

    @Test func decodes() throws {
        #expect(try JSONCoder.decode(Everything.self, from: JSON(parsing: text)) == everything)
    }

    @Test func optionalsMayBeNullAndUnknownKeysAreIgnored() throws {
        let file = try JSONCoder.decode(File.self, from: ["path": "a", "size": nil, "other": [1, 2]])
        #expect(file == File(path: "a"))
    }

    @Test func wholeNumbersMayBeWrittenWithFraction() throws {
        #expect(try JSONCoder.decode([Int].self, from: JSON(parsing: "[3, 3.0, 30e-1]")) == [3, 3, 3])
        #expect(throws: JSONDecodingError.self) { try JSONCoder.decode([Int].self, from: [3.5]) }
        #expect(throws: JSONDecodingError.self) { try JSONCoder.decode([UInt8].self, from: [256]) }
        #expect(throws: JSONDecodingError.self) { try JSONCoder.decode([UInt].self, from: [-1]) }
        #expect(throws: JSONDecodingError.self) { try JSONCoder.decode([Double].self, from: JSON(parsing: "[1e400]")) }
        #expect(throws: JSONDecodingError.self) { try JSONCoder.decode([Float].self, from: JSON(parsing: "[1e300]")) }
    }

    struct Request: Decodable { var params: Params }
    struct Params: Decodable { var files: [File] }

    @Test(
        arguments: [
            (
                ["params": ["files": [["path": "a"], ["path": 1]]]],
                "$.params.files[1].path: expected a string, found a number"
            ),
            (["params": ["files": [["size": 1]]]], #"$.params.files[0]: the key "path" is missing"#),
            (
                ["params": ["files": [["path": "a", "size": -1]]]],
                "$.params.files[0].size: expected a whole number from 0 to 18446744073709551615, found -1"
            ),
            (["params": ["files": [:]]], "$.params.files: expected an array, found an object"),
            (["params": nil], "$.params: expected an object, found null"),
            ([1], "$: expected an object, found an array"),
        ] as [(JSON, String)])
    func errorsNameThePlace(_ json: JSON, _ message: String) {
        let error = #expect(throws: JSONDecodingError.self) { try JSONCoder.decode(Request.self, from: json) }
        #expect(error?.description == message)
    }

    @Test func unknownRawValueNamesThePlace() {
        let error = #expect(throws: JSONDecodingError.self) {
            try JSONCoder.decode([File].self, from: [["path": "a", "level": "medium"]])
        }
        #expect(error?.path == "$[0].level")
    }

    @Test func oddKeysAreQuotedAndShortened() {
        let key = "a b" + String(repeating: "x", count: 1000)
        let error = #expect(throws: JSONDecodingError.self) {
            try JSONCoder.decode([String: Int].self, from: .object(JSONObject([(key, JSON.string("no"))])))
        }
        #expect(error?.path.hasPrefix("$[\"a b") == true)
        #expect((error?.path.utf8.count ?? .max) < 100)
    }

    struct Refusing: Decodable {
        struct Refusal: Error, CustomStringConvertible { var description: String { "refused" } }
        init(from decoder: any Decoder) throws { throw Refusal() }
    }

    @Test func foreignErrorsGetThePlace() {
        let error = #expect(throws: JSONDecodingError.self) { try JSONCoder.decode([Refusing].self, from: [1]) }
        #expect(error?.description == "$[0]: refused")
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan]) func infinityHasNoJSONForm(_ value: Double) {
        #expect(throws: EncodingError.self) { try JSONCoder.encode(["a": [value]]) }
        #expect(throws: EncodingError.self) { try JSONCoder.encode(Float(value)) }
    }

    @Test func singleValuesAtTheRoot() throws {
        #expect(try JSONCoder.encode(3) == 3)
        #expect(try JSONCoder.encode("x") == "x")
        #expect(try JSONCoder.encode(String?.none) == .null)
        #expect(try JSONCoder.decode(String?.self, from: .null) == nil)
        #expect(try JSONCoder.decode(Level.self, from: "low") == .low)
        #expect(try JSONCoder.encode([Level.low: 1].map { $0.value }) == [1])
    }

    enum Shape: Codable, Equatable {
        case circle(radius: Double)
        case empty
    }

    @Test func enumsWithPayloads() throws {
        #expect(
            try JSONCoder.encode([Shape.circle(radius: 2), .empty]).text == #"[{"circle":{"radius":2}},{"empty":{}}]"#)
        let json: JSON = [["circle": ["radius": 2]], ["empty": [:]]]
        #expect(try JSONCoder.decode([Shape].self, from: json) == [.circle(radius: 2), .empty])
    }

    class Base: Codable {
        var base = 1
        init() {}
    }

    final class Derived: Base {
        var derived = 2
        private enum CodingKeys: CodingKey { case derived }

        override init() { super.init() }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            derived = try container.decode(Int.self, forKey: .derived)
            try super.init(from: container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(derived, forKey: .derived)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test func superclasses() throws {
        let json = try JSONCoder.encode(Derived())
        #expect(json == ["derived": 2, "super": ["base": 1]])
        let back = try JSONCoder.decode(Derived.self, from: ["derived": 5, "super": ["base": 6]])
        #expect(back.derived == 5)
        #expect(back.base == 6)
    }

    /// Uses the nested containers that synthesized code does not.
    struct Manual: Codable, Equatable {
        var x: Int
        var list: [Int]
        var inner: Bool
        private enum Keys: String, CodingKey { case point, x, list }

        init(x: Int, list: [Int], inner: Bool) { (self.x, self.list, self.inner) = (x, list, inner) }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            let point = try container.nestedContainer(keyedBy: Keys.self, forKey: .point)
            x = try point.decode(Int.self, forKey: .x)
            var elements = try container.nestedUnkeyedContainer(forKey: .list)
            list = []
            var first = try elements.nestedUnkeyedContainer()
            while !first.isAtEnd { list.append(try first.decode(Int.self)) }
            let object = try elements.nestedContainer(keyedBy: Keys.self)
            inner = try object.decode(Bool.self, forKey: .x)
            #expect(throws: DecodingError.self) { try elements.decode(Int.self) }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var point = container.nestedContainer(keyedBy: Keys.self, forKey: .point)
            var elements = container.nestedUnkeyedContainer(forKey: .list)
            var first = elements.nestedUnkeyedContainer()
            var object = elements.nestedContainer(keyedBy: Keys.self)
            // Filled after the fact and out of order.
            try object.encode(inner, forKey: .x)
            for number in list { try first.encode(number) }
            try point.encode(x, forKey: .x)
        }
    }

    @Test func nestedContainers() throws {
        let value = Manual(x: 1, list: [2, 3], inner: true)
        let json = try JSONCoder.encode(value)
        #expect(json.text == #"{"point":{"x":1},"list":[[2,3],{"x":true}]}"#)
        #expect(try JSONCoder.decode(Manual.self, from: json) == value)
    }
}
