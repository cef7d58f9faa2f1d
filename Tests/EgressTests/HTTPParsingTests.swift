import NIOCore
import TestSupport
import Testing

@testable import Egress

@Suite struct HTTPParsingTests {
    /// Parses a request's head in pieces; what is left afterwards is the second result.
    static func parse(_ bytes: [UInt8], cutAt cuts: [Int] = []) -> (Result<RequestHead?, HTTPError>, rest: Int) {
        var lines = HeadLines(limits: EgressLimits())
        var start = 0
        var rest = ByteBuffer()
        do throws(HTTPError) {
            for end in cuts + [bytes.count] where end >= start {
                rest.writeBytes(bytes[start..<end])
                start = end
                if let complete = try lines.read(&rest) {
                    let left = rest.readableBytes + bytes.count - start
                    do throws(HTTPError) { return (.success(try RequestHead(lines: complete)), left) } catch {
                        return (.failure(error), left)
                    }
                }
            }
        } catch {
            return (.failure(error), 0)
        }
        return (.success(nil), 0)
    }

    static func parse(_ text: String) -> Result<RequestHead?, HTTPError> { parse(Array(text.utf8)).0 }

    @Test func readsARequest() throws {
        let (result, rest) = Self.parse(
            Array(
                "POST http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\nX-A:  b c \t\r\nContent-Length: 5\r\n\r\nhello".utf8
            ))
        let head = try #require(try result.get())
        #expect(head.method == "POST")
        #expect(head.target == "http://a.test/x?y")
        #expect(head.framing == .length(5))
        #expect(head.fields.map(\.text) == ["a.test", "b c", "5"])
        #expect(head.keepsAlive)
        #expect(rest == 5)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", HTTPError.bareLineFeed),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", .bareCarriageReturn),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET /ä HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET /\r\n\r\n", .badStartLine),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .badVersion),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .badVersion),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", .badStartLine),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .badField),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", .badField),
        ("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", .badField),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", .badField),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}\r\n\r\n", .badField),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", .foldedField),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
        ("GET / HTTP/1.1\r\n\r\n", .badHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .badHost),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .conflictingLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .conflictingLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .conflictingLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 1\r\n\r\n", .badField),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n", .badField),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .badTransferCoding),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", .badTransferCoding),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", .badTransferCoding),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n", .badField),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .conflictingLength
        ),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .badTransferCoding),
    ])
    func refusesWhatTwoParsersCouldReadDifferently(text: String, error: HTTPError) {
        // U+000B is a control character, which no field value has.
        #expect(Self.parse(text) == .failure(error))
    }

    @Test func boundsHoldBeforeTheHeadIsComplete() {
        let limits = EgressLimits()
        #expect(Self.parse(String(repeating: "a", count: limits.maxLineBytes + 1)) == .failure(.lineTooLong))
        let line = "X: " + String(repeating: "a", count: 8000) + "\r\n"
        #expect(Self.parse("GET / HTTP/1.1\r\n" + String(repeating: line, count: 9)) == .failure(.headTooLarge))
        #expect(
            Self.parse("GET / HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 200)) == .failure(.tooManyFields))
    }

    @Test func everySplitGivesTheSame() {
        let samples = [
            "POST http://a.test/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\nGET", "GET / HTTP/1.1\r\nHost: a\n\r\n",
        ]
        for sample in samples.map({ Array($0.utf8) }) {
            let whole = Self.parse(sample)
            for first in 0...sample.count {
                #expect(Self.parse(sample, cutAt: [first]) == whole)
            }
            #expect(Self.parse(sample, cutAt: Array(0...sample.count)) == whole)
        }
    }

    @Test(arguments: 0..<8) func mutatedHeadsAreReadTheSameInAnyPieces(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let samples = [
            "GET http://a.test/x?y=1 HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nConnection: close, x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nContent-Length: 0\r\n\r\n",
        ].map { Array($0.utf8) }
        let interesting: [UInt8] = [0, 9, 10, 11, 13, 32, 35, 44, 58, 59, 92, 95, 127, 128, 255]
        for _ in 0..<500 {
            var bytes = samples.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = interesting.randomElement(using: &random) ?? 0
                case 1: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: place)
                default: bytes.remove(at: place)
                }
            }
            let whole = Self.parse(bytes)
            let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            if Self.parse(bytes, cutAt: cuts) != whole { Issue.record("\(bytes) cut at \(cuts)") }
            // Whatever is accepted has one reading: no control characters anywhere, one length.
            if case .success(let head?) = whole.0 {
                let isSound =
                    head.target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
                    && head.fields.allSatisfy { $0.value.allSatisfy { $0 == 9 || $0 >= 32 && $0 != 127 } }
                    && head.fields.filter { ["content-length", "transfer-encoding"].contains($0.canonical) }.count <= 1
                if !isSound { Issue.record("accepted \(bytes)") }
            }
        }
    }

    // MARK: Bodies

    enum Body: Equatable {
        case complete([UInt8], rest: Int)
        case partial([UInt8])
        case refused
    }

    static func body(_ bytes: [UInt8], _ framing: BodyFraming, extensions: Bool = false, cutAt cuts: [Int] = []) -> Body
    {
        var reader = BodyReader(framing, allowsExtensions: extensions)
        var data: [UInt8] = []
        var buffer = ByteBuffer()
        var start = 0
        for end in cuts + [bytes.count] {
            buffer.writeBytes(bytes[start..<end])
            start = end
            reading: while true {
                do throws(HTTPError) {
                    switch try reader.next(&buffer) {
                    case .data(let piece): data += piece.readableBytesView
                    case .needsMore: break reading
                    case .end: return .complete(data, rest: buffer.readableBytes + bytes.count - start)
                    }
                } catch {
                    return .refused
                }
            }
        }
        return .partial(data)
    }

    @Test func takesBodiesOutOfTheirFraming() {
        let chunked = Array("5\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\nNEXT".utf8)
        let hello = Array("hello world".utf8)
        for cut in 0...chunked.count {
            #expect(Self.body(chunked, .chunked, cutAt: [cut]) == .complete(hello, rest: 4))
        }
        #expect(Self.body(Array("helloNEXT".utf8), .length(5)) == .complete(Array("hello".utf8), rest: 4))
        #expect(Self.body(Array("hel".utf8), .length(5)) == .partial(Array("hel".utf8)))
        #expect(Self.body(Array("x".utf8), .none) == .complete([], rest: 1))
        #expect(Self.body(Array("x".utf8), .untilClose) == .partial(Array("x".utf8)))
        #expect(
            Self.body(Array("1;a=b\r\nx\r\n0\r\n\r\n".utf8), .chunked, extensions: true) == .complete([0x78], rest: 0))
    }

    @Test(arguments: [
        "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", " 5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n", "5 \r\nhello\r\n", "5;a\r\nhello\r\n0\r\n\r\n", "\r\n", "g\r\n", "ffffffffffffffff\r\n",
        "0\r\nX: y\n\r\n", "0\r\n\rX", "-1\r\n",
    ])
    func refusesOtherChunks(text: String) {
        #expect(Self.body(Array(text.utf8), .chunked) == .refused)
    }

    @Test func boundsWhatIsDropped() {
        #expect(Self.body(Array("0\r\n".utf8) + [UInt8](repeating: 0x61, count: 9000), .chunked) == .refused)
        #expect(
            Self.body(Array("1;".utf8) + [UInt8](repeating: 0x61, count: 300), .chunked, extensions: true) == .refused)
    }

    @Test(arguments: 0..<4) func mutatedChunksAreReadTheSameInAnyPieces(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let sample = Array("5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nA: b\r\n\r\nREST".utf8)
        for _ in 0..<500 {
            var bytes = sample
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            let whole = Self.body(bytes, .chunked, extensions: true)
            if Self.body(bytes, .chunked, extensions: true, cutAt: cuts) != whole {
                Issue.record("\(bytes) cut at \(cuts)")
            }
        }
    }

    @Test func responsesAreDelimitedByTheRequestToo() throws {
        func framing(_ text: String, _ method: String = "GET") throws -> BodyFraming {
            let lines = text.split(separator: "\n").map { Array($0.utf8) }
            return try ResponseHead(lines: lines).framing(answering: method)
        }
        #expect(try framing("HTTP/1.1 200 OK\nContent-Length: 5") == .length(5))
        #expect(try framing("HTTP/1.1 200 OK\nContent-Length: 5", "HEAD") == .none)
        #expect(try framing("HTTP/1.1 304 Not\nContent-Length: 5") == .none)
        #expect(try framing("HTTP/1.1 204") == .none)
        #expect(try framing("HTTP/1.1 200 OK") == .untilClose)
        #expect(try framing("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 5") == .chunked)
        #expect(throws: HTTPError.conflictingLength) {
            try framing("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 2")
        }
        #expect(throws: HTTPError.badTransferCoding) { try framing("HTTP/1.1 200 OK\nTransfer-Encoding: gzip") }
        #expect(throws: HTTPError.badVersion) { try framing("HTTP/2 200") }
        #expect(throws: HTTPError.badStartLine) { try framing("HTTP/1.1 20") }
        #expect(throws: HTTPError.badStartLine) { try framing("HTTP/1.1 999") }
    }

    @Test func targetsAreAbsoluteOrAuthorities() throws {
        let (target, origin) = try #require(HTTPTarget.absolute("HTTP://A.test:81/x?y"))
        #expect(target == EgressTarget(host: .name("a.test"), port: 81))
        #expect(origin == "/x?y")
        #expect(HTTPTarget.absolute("http://a.test?y")?.origin == "/?y")
        #expect(HTTPTarget.absolute("http://[::1]/")?.target.port == 80)
        for text in [
            "https://a.test/", "http:/a.test/", "/x", "http://user@a.test/", "http://a.test@evil.test/",
            "http://a.test:/",
            "http://a.test:0/", "http://a.test:65536/", "http://a.test:80x/", "http:///x", "http://::1/", "ftp://a/",
            "http://a.test:80:80/", "http://[::1]x/", "http://a%2etest/",
        ] {
            #expect(HTTPTarget.absolute(text) == nil, "\(text)")
        }
        #expect(HTTPTarget.authority("a.test", defaultPort: nil) == nil)
        #expect(HTTPTarget.authority("::1:443", defaultPort: nil) == nil)
        #expect(HTTPTarget.authority("[::1]:443", defaultPort: nil)?.port == 443)
    }
}
