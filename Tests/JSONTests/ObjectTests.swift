import JSON
import Testing

@Suite struct ObjectTests {
    @Test func keepsOrderAndIgnoresItInComparison() throws {
        let one = try JSON(parsing: #"{"b": 1, "a": 2}"#)
        let other = try JSON(parsing: #"{"a": 2, "b": 1}"#)
        #expect(one.text == #"{"b":1,"a":2}"#)
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one != ["a": 2, "b": 2])
        #expect(one != ["a": 2])
        #expect(one != ["a": 2, "c": 1])
    }

    @Test(arguments: [1, 15, 16, 17, 18, 500]) func looksUpInSmallAndLarge(_ count: Int) {
        var object = JSONObject()
        for index in 0..<count { object["key\(index)"] = .number(JSONNumber(index)) }
        #expect(object.count == count)
        for index in 0..<count { #expect(object["key\(index)"]?.intValue == index) }
        #expect(object["other"] == nil)

        object["key0"] = "changed"
        #expect(object.count == count)
        #expect(object["key0"] == "changed")
        #expect(object.keys.first == "key0")

        for index in stride(from: 0, to: count, by: 2) { object["key\(index)"] = nil }
        #expect(object.count == count / 2)
        for index in 0..<count { #expect((object["key\(index)"] == nil) == index.isMultiple(of: 2)) }
        #expect(object.map { $0.key } == object.keys)
    }

    @Test(arguments: [2, 17, 100]) func duplicateKeys(_ count: Int) throws {
        let members = (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let text = "{\(members),\"k0\":\"last\"}"
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
        #expect(error?.kind == .duplicateKey("k0"))

        let lenient = try JSON(parsing: text, limits: JSONLimits(duplicateKeys: .lastWins))
        #expect(lenient["k0"] == "last")
        #expect(lenient.objectValue?.count == count)
        #expect(lenient.objectValue?.keys.first == "k0")
    }

    @Test func subscripts() {
        var value: JSON = ["a": ["b": [1, 2, nil]]]
        #expect(value["a"]?["b"]?[1] == 2)
        #expect(value["a"]?["b"]?[2]?.isNull == true)
        #expect(value["a"]?["b"]?[3] == nil)
        #expect(value["a"]?["b"]?[-1] == nil)
        #expect(value["x"] == nil)
        value["c"] = .null
        #expect(value.text == #"{"a":{"b":[1,2,null]},"c":null}"#)
        value["a"] = nil
        #expect(value.text == #"{"c":null}"#)

        var array: JSON = [1]
        array["a"] = 2
        #expect(array == [1])
        #expect(array["a"] == nil)
        #expect(JSON.string("x")[0] == nil)
    }

    @Test func literalWithRepeatedKeyKeepsTheLast() {
        let value: JSON = ["a": 1, "a": 2]
        #expect(value.text == #"{"a":2}"#)
    }
}
