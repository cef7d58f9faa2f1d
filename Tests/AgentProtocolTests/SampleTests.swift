import AgentProtocol
import JSON
import TestSupport
import Testing

/// Values of every type go out as the schema says and come back the same.
struct SampleTests {
    let schema: ProtocolSchema

    init() throws { schema = try ProtocolSchema() }

    @Test(arguments: WireProbe.Optionals.allCases)
    func samplesAreValidAndComeBackEqual(_ optionals: WireProbe.Optionals) throws {
        for sample in try WireSample.all(optionals) {
            #expect(try schema.problems(of: sample.json, as: sample.definition) == [], "\(sample.definition)")
            #expect(try sample.isDecoded(sample.json), "\(sample.definition): \(sample.json.text)")
            #expect(try sample.isDecoded(JSON(parsing: sample.json.serialized())), "\(sample.definition) as text")
        }
    }

    /// Schema and decoder agree on what may be left out, member by member.
    @Test func requiredMembersAreRequiredByBoth() throws {
        let least = try WireSample.all(.absent)
        for (full, least) in zip(try WireSample.all(.present), least) {
            for key in full.json.objectValue?.keys ?? [] {
                var json = full.json
                json[key] = nil
                let isRequired = least.json[key] != nil
                let isValid = try schema.problems(of: json, as: full.definition).isEmpty
                let isDecodable = (try? full.isDecoded(json)) != nil
                #expect(isValid == !isRequired, "\(full.definition).\(key)")
                #expect(isDecodable == !isRequired, "\(full.definition).\(key)")
            }
        }
    }

    /// Writers add nothing; readers of an older version ignore what a newer one added.
    @Test func unknownMembersAreInvalidYetIgnored() throws {
        for sample in try WireSample.all(.present) {
            var json = sample.json
            json["addedLater"] = 1
            #expect(try !schema.problems(of: json, as: sample.definition).isEmpty, "\(sample.definition)")
            #expect(try sample.isDecoded(json), "\(sample.definition)")
        }
    }

    @Test func anEventOfALaterVersionIsUnknown() throws {
        let json: JSON = ["sessionId": "s", "seq": 1, "time": 0, "event": ["type": "addedLater", "text": "?"]]
        let params = try JSONCoder.decode(AgentProgress.Params.self, from: json)
        #expect(params.event == .unknown(type: "addedLater"))
        #expect(params.event.type == "addedLater")
        #expect(try !schema.problems(of: json, as: "AgentProgressParams").isEmpty)
    }

    @Test func base64IsThatOfRFC4648() {
        let vectors = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (plain, encoded) in vectors {
            #expect(Base64.encode(Array(plain.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(plain.utf8))
        }
        let all = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Base64.encode(all)) == all)
        for broken in ["Zg", "Zg=", "Z===", "====", "Zm9v=", "Zg==Zg==", "Zm 9", "Zm9é"] {
            #expect(Base64.decode(broken) == nil, "\(broken)")
        }
    }
}
