import JSON
import Secrets
import Testing

@testable import Models

@Suite struct SignatureV4Tests {
    private static let example = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE", secretKey: SecretString("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))

    /// AWS's published test suite: 2015-08-30T12:36:00Z, service `service`.
    @Test(arguments: [
        ("GET", "", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET", "Param2=value2&Param1=value1", [],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        (
            "GET", "", [("My-Header1", " value1"), ("My-Header2", #" "a   b   c" "#)],
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
    ])
    func published(method: String, query: String, headers: [(String, String)], signature: String) throws {
        let signer = SignatureV4(region: "us-east-1", service: "service", credentials: Self.example)
        let added = signer.headers(
            method: method, path: "/", query: query,
            headers: [("host", "example.amazonaws.com")] + headers.map { ($0.0, $0.1) },
            body: [], seconds: 1_440_938_160)
        #expect(added.first?.value == "20150830T123600Z")
        let authorization = try #require(added.last)
        #expect(authorization.name == "authorization")
        #expect(authorization.value.hasSuffix("Signature=" + signature), "\(authorization.value)")
    }

    /// What botocore 1.44.8 makes of the same request: the path is encoded twice, a session token is signed.
    @Test(arguments: [
        (nil, "bf789224c0198d3215266bb5f958c509e3e6d3f1484032539b20d87432051e4a"),
        ("the-session-token", "75210449b232b393e4ad5f0d45ad4abf6be0ddfcdd8291a9eb751149db67f466"),
    ])
    func asBotocoreSigns(token: String?, signature: String) throws {
        var credentials = Self.example
        credentials.sessionToken = token.map(SecretString.init)
        let signer = SignatureV4(region: "eu-central-1", service: "bedrock", credentials: credentials)
        let added = signer.headers(
            method: "POST", path: "/model/anthropic.claude-3-7-sonnet-20250219-v1%3A0/converse-stream",
            headers: [
                ("host", "bedrock-runtime.eu-central-1.amazonaws.com"), ("content-type", "application/json"),
            ],
            body: Array(#"{"messages":[]}"#.utf8), seconds: 1_795_856_887)
        #expect(added.last?.value.hasSuffix("Signature=" + signature) == true, "\(added)")
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
        (4_107_542_400, "21000301T000000Z"), (-1, "19691231T235959Z"),
    ])
    func timestamps(seconds: Int, text: String) {
        #expect(SignatureV4.timestamp(seconds) == text)
    }
}

@Suite struct EventStreamParserTests {
    private func parse(_ bytes: [UInt8], limit: Int = 1 << 16) throws -> [ServerSentEvent] {
        var parser = EventStreamParser(maximumLineBytes: limit)
        return try parser.feed(bytes)
    }

    /// The example of the format's public description.
    @Test func checksum() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    }

    @Test func headersOfAllTypes() throws {
        func named(_ name: String, _ type: UInt8, _ value: [UInt8]) -> [UInt8] {
            [UInt8(name.utf8.count)] + Array(name.utf8) + [type] + value
        }
        let headers =
            named("a", 0, []) + named("b", 1, []) + named("c", 2, [1]) + named("d", 3, [1, 2])
            + named("e", 4, [0, 0, 0, 1]) + named("f", 5, [UInt8](repeating: 0, count: 8))
            + named("g", 6, [0, 2, 9, 9]) + named("h", 8, [UInt8](repeating: 0, count: 8))
            + named("i", 9, [UInt8](repeating: 7, count: 16)) + EventStreamWriter.header(":event-type", "metadata")
        let bytes = EventStreamWriter.message(headers: headers, payload: Array("{}".utf8))
        #expect(try parse(bytes) == [ServerSentEvent(name: Array("metadata".utf8), data: Array("{}".utf8))])
        let unknown = EventStreamWriter.message(headers: named("a", 77, []), payload: [])
        #expect(throws: ModelError.self) { try parse(unknown) }
        let cut = EventStreamWriter.message(headers: [5, 0x61], payload: [])
        #expect(throws: ModelError.self) { try parse(cut) }
    }

    /// One flipped bit anywhere is found.
    @Test func flippedBits() throws {
        let bytes = EventStreamWriter.message(name: "messageStop", payload: Array(#"{"stopReason":"end_turn"}"#.utf8))
        for index in bytes.indices {
            var broken = bytes
            broken[index] ^= 0x10
            // A length may grow beyond what is there; then more is waited for, but the prelude's checksum tells before.
            #expect(throws: (any Error).self, "byte \(index)") { try parse(broken) }
        }
    }

    @Test func tooLong() throws {
        let bytes = EventStreamWriter.message(name: "x", payload: [UInt8](repeating: 0, count: 5000))
        #expect(throws: ServerSentEventParser.TooLong.self) { try parse(bytes, limit: 1000) }
        // Less than its own parts.
        var short = EventStreamWriter.word(10) + EventStreamWriter.word(0)
        short += EventStreamWriter.word(CRC32.checksum(short))
        #expect(throws: ModelError.self) { try parse(short) }
    }
}

@Suite struct BedrockTests {
    @Test(arguments: [
        ("throttlingException", true), ("validationException", false), ("modelStreamErrorException", true),
        ("internalServerException", true), ("serviceUnavailableException", true),
    ])
    func exceptionsWithinTheStream(name: String, isTransient: Bool) async throws {
        let bytes =
            Vendor.bedrock.beginning
            + EventStreamWriter.message(name: name, payload: Array(#"{"message":"no"}"#.utf8), isException: true)
        let outcome = try await StubEndpoint.with([Vendor.bedrock.reply(bytes)]) {
            await (try Vendor.bedrock.provider($0)).outcome()
        }
        let error = try #require(outcome.error as? ModelError)
        #expect(error.isTransient == isTransient)
        #expect(error.description.contains("no"))
        #expect(outcome.events == [.textDelta("Grüße ")])
    }

    @Test func requestHead() async throws {
        var request = ModelRequest.simple
        request.model = "arn:aws:bedrock:eu-central-1:1:inference-profile/eu.anthropic.claude-x:0"
        let sent = try await StubEndpoint.with([Vendor.bedrock.reply(Vendor.bedrock.greeting)]) { endpoint in
            _ = try await Vendor.bedrock.provider(endpoint).response(to: request)
            return try #require(endpoint.requests.first)
        }
        #expect(
            sent.head.uri
                == "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Feu.anthropic.claude-x%3A0/converse-stream"
        )
        let authorization = sent.head.headers.first(name: "authorization") ?? ""
        #expect(
            authorization.contains("/eu-central-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date"))
        #expect(!"\(sent.head)".contains(Vendor.key.reveal()))
        let mark: JSON = ["cachePoint": ["type": "default"]]
        #expect(sent.json["messages"]?[0]?["content"] == [["text": "Hello"], mark])
    }

    @Test func wholeAnswer() async throws {
        let body =
            #"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"p"}}},{"text":"I read."},{"toolUse":{"toolUseId":"t1","name":"read_file","input":{"path":"a.c"}}}]}},"stopReason":"tool_use","usage":{"inputTokens":25,"outputTokens":15,"totalTokens":40}}"#
        let response = try await StubEndpoint.with([.json(body)]) {
            try await Vendor.bedrock.provider($0).response(to: .simple)
        }
        #expect(
            response.content == [
                .reasoning(Reasoning(text: "Hm", signature: "p", provider: "bedrock")), .text("I read."),
                .toolCall(ToolCall(id: "t1", name: "read_file", arguments: ["path": "a.c"])),
            ])
        #expect(response.usage == ModelUsage(input: 25, output: 15))
    }

    @Test func errorTypeOfTheHeader() async throws {
        let reply = StubEndpoint.Reply.json(
            #"{"message":"Input is too long for requested model."}"#, status: 400,
            headers: [("x-amzn-ErrorType", "ValidationException:http://internal.amazon.com/")])
        let error = try await StubEndpoint.with([reply]) { try await Vendor.bedrock.provider($0).failure() }
        guard case .contextOverflow = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func credentials() async throws {
        let text = """
            # comment
            [default]
            aws_access_key_id = A
            aws_secret_access_key=B
            [work]
            aws_access_key_id=C
            aws_secret_access_key = D=E
            aws_session_token = F
            """
        #expect(
            AWSAccess.credentials(in: text, profile: "work")
                == AWSCredentials(
                    accessKeyID: "C", secretKey: SecretString("D=E"), sessionToken: SecretString("F")))
        #expect(AWSAccess.credentials(in: text, profile: "none") == nil)
        try await withTemporaryFolder { folder in
            try SmallFile.replace("\(folder)/c", with: Array(text.utf8))
            let environment = [
                "AWS_REGION": "eu-central-1", "AWS_SHARED_CREDENTIALS_FILE": "\(folder)/c",
                "COFFERDAM_MODEL": "bedrock:m:0",
            ]
            let settings = try #require(try ModelProviders.settings(fromEnvironment: environment))
            #expect(settings.model == "m:0")
            #expect(try settings.aws?.current()?.accessKeyID == "A")
            #expect(try ModelProviders.make(settings).identifier == "bedrock/m:0")
            let entry: JSON = ["provider": "bedrock", "model": "m", "profile": "work"]
            let named = try ModelProviders.settings(from: entry, environment: environment)
            #expect(try named.aws?.current()?.accessKeyID == "C")
        }
        let fixed = try ModelProviders.settings(
            from: ["provider": "bedrock", "model": "m", "region": "us-west-2"],
            environment: [
                "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "canary-B", "AWS_SESSION_TOKEN": "canary-C",
            ])
        #expect(fixed.aws?.region == "us-west-2")
        #expect(fixed.secrets.map { $0.reveal() } == ["canary-B", "canary-C"])
        var dumped = "\(fixed)"
        dump(fixed, to: &dumped)
        #expect(!dumped.contains("canary"))
        #expect(throws: ModelError.self) {
            try ModelProviders.settings(from: ["provider": "bedrock", "model": "m"], environment: ["HOME": "/"])
        }
        #expect(throws: ModelError.self) {
            try ModelProviders.settings(
                from: ["provider": "bedrock", "model": "m", "region": "evil.example/"], environment: ["HOME": "/"])
        }
    }
}
