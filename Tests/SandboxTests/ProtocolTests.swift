import Glibc
import SupervisorProtocol
import Testing

@Suite("The protocol between service and supervisor")
struct ProtocolTests {
    private static let id = ExecID()

    private static let requests: [SupervisorRequest] = [
        .hello(version: 1),
        .exec(
            ExecCommand(
                id: id, arguments: ["a", "", "ü"], environment: ["A=b"], directory: "/w", timeoutMilliseconds: 5,
                graceMilliseconds: 6, outputLimit: 7, standardInput: [0, 1, 255])),
        .exec(
            ExecCommand(
                id: id, arguments: ["a"], environment: [], directory: "", timeoutMilliseconds: 0, graceMilliseconds: 0,
                outputLimit: 0, standardInput: nil)),
        .attach(id, token: 9, stdoutOffset: 1, stderrOffset: 2, window: 3),
        .credit(id, token: 9, bytes: 4), .detach(id, token: 9), .signal(id, number: 15),
        .kill(id, graceMilliseconds: 100, limit: ""),
        .kill(id, graceMilliseconds: 100, limit: "disk"), .input(id, offset: 7, bytes: [1, 2]),
        .closeInput(id, offset: 9),
        .resize(id, TerminalCells(columns: 80, rows: 24)),
        .file(1, .stat(path: "x")), .file(2, .read(path: "x/y", offset: 3, maximum: 4)),
        .file(
            3, .write(FileRequest.WritePart(path: "p", mode: 0o755, bytes: [1, 2], isFirst: true, isLast: false))),
        .file(4, .write(FileRequest.WritePart(path: "p", mode: nil, bytes: [], isFirst: false, isLast: true))),
        .file(5, .remove(path: "gone")), .file(6, .list(path: "", recursive: true, maximumEntries: 10)),
    ]

    private static let events: [SupervisorEvent] = {
        var record = ExitRecord(fingerprint: 5, end: .couldNotStart(errno: 2, message: "no"))
        record.killedBy = .client
        record.stdoutBytes = 10
        record.stdoutKept = 4
        record.pipesHeldOpen = true
        return [
            .welcome(version: 1), .accepted(id), .refused(id, .tooManyRunning),
            .output(id, token: 7, stream: .stderr, offset: 3, bytes: [1, 2, 3]),
            .exited(id, record), .exited(id, ExitRecord(fingerprint: 0, end: .exited(3))),
            .exited(id, ExitRecord(fingerprint: 0, end: .signalled(9))),
            .exited(id, ExitRecord(fingerprint: 0, end: .unrecorded("the disk is full"))), .replaced,
            .attached(id, token: 3, InputState(received: 9, taken: 4, isOpen: true)), .input(id, InputState()),
            .file(1, .status(nil)),
            .file(1, .status(FileReply.Status(kind: .special, size: 3, mode: 0o600, modifiedNanoseconds: -5))),
            .file(1, .contents(bytes: [9], totalSize: 100)), .file(1, .done),
            .file(
                1, .entries([FileReply.Entry(path: [0xFF], kind: .regular, size: 1)], isLast: true, isTruncated: true)),
            .file(1, .failure(.outsideWorkspace, errno: 18)), .failed("because"),
        ]
    }()

    private func frames(_ bytes: [UInt8]) throws -> [FrameDecoder.Frame] {
        var decoder = FrameDecoder()
        decoder.append(bytes)
        var frames: [FrameDecoder.Frame] = []
        while let frame = try decoder.next() { frames.append(frame) }
        return frames
    }

    @Test("Every message survives the way there")
    func roundTrip() throws {
        let sent = try frames(Self.requests.flatMap { $0.encoded() }).map { try SupervisorRequest($0) }
        #expect(sent == Self.requests)
        let received = try frames(Self.events.flatMap { $0.encoded() }).map { try SupervisorEvent($0) }
        #expect(received == Self.events)
    }

    @Test("Frames are found whatever pieces the bytes come in", arguments: [1, 2, 3, 5, 7, 64])
    func pieces(size: Int) throws {
        let bytes = Self.requests.flatMap { $0.encoded() }
        var decoder = FrameDecoder()
        var found: [SupervisorRequest] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            decoder.append(bytes[start..<min(bytes.count, start + size)])
            while let frame = try decoder.next() { found.append(try SupervisorRequest(frame)) }
        }
        #expect(found == Self.requests)
        #expect(decoder.pending == 0)
    }

    @Test("A message that is cut short is an error, never another message")
    func truncated() throws {
        for request in Self.requests {
            let frame = try #require(try frames(request.encoded()).first)
            for count in 0..<frame.payload.count {
                let cut = FrameDecoder.Frame(type: frame.type, payload: frame.payload.prefix(count))
                #expect(throws: ProtocolError.self) { try SupervisorRequest(cut) }
            }
            let long = FrameDecoder.Frame(type: frame.type, payload: Array(frame.payload)[...] + [0])
            #expect(throws: ProtocolError.trailingBytes(1)) { try SupervisorRequest(long) }
        }
        for event in Self.events {
            let frame = try #require(try frames(event.encoded()).first)
            for count in 0..<frame.payload.count {
                let cut = FrameDecoder.Frame(type: frame.type, payload: frame.payload.prefix(count))
                #expect(throws: ProtocolError.self) { try SupervisorEvent(cut) }
            }
        }
    }

    @Test("An oversized frame is refused before its bytes arrive")
    func oversized() throws {
        var decoder = FrameDecoder()
        decoder.append([0x01, 0x00, 0x10, 0x00, 1])
        #expect(throws: ProtocolError.payloadTooLarge((1 << 20) + 1)) { try decoder.next() }
    }

    @Test("Counts that promise more than there is reserve nothing")
    func lyingCounts() {
        var writer = ByteWriter(type: 2)
        writer.write(Self.id)
        writer.write(UInt32.max)
        let frame = FrameDecoder.Frame(type: 2, payload: writer.finish()[5...])
        #expect(throws: ProtocolError.invalidValue("count")) { try SupervisorRequest(frame) }
    }

    @Test("Ids have one form")
    func ids() throws {
        let id = ExecID()
        #expect(ExecID(id.description) == id)
        #expect(ExecID(id.description.uppercased()) == id)
        #expect(ExecID("01234567-89ab-4cde-8f01-23456789abcd")?.description == "01234567-89ab-4cde-8f01-23456789abcd")
        for text in [
            "", "x", "01234567-89ab-4cde-8f01-23456789abcde", "0123456789ab4cde8f0123456789abcd", "../../etc/passwd",
        ] {
            #expect(ExecID(text) == nil)
        }
    }

    @Test("An exit record in the journal is whole or none")
    func journal() throws {
        var record = ExitRecord(fingerprint: 1, end: .exited(0))
        record.cpuMicroseconds = 77
        let bytes = record.journalBytes()
        #expect(try ExitRecord(journalBytes: bytes) == record)
        for count in 0..<bytes.count {
            #expect(throws: ProtocolError.self) { try ExitRecord(journalBytes: Array(bytes[..<count])) }
        }
    }

    @Test("Bytes of any kind give a message or an error")
    func fuzz() throws {
        let rounds = getenv("COFFERDAM_LONG_TESTS") == nil ? 20_000 : 5_000_000
        let seeds = Self.requests.map { $0.encoded() } + Self.events.map { $0.encoded() }
        var generator = Xorshift(state: 0x1234_5678_9ABC_DEF1)
        var valid = 0
        for round in 0..<rounds {
            var bytes = seeds[round % seeds.count]
            for _ in 0...generator.next() % 4 {
                let index = Int(generator.next() % UInt64(bytes.count))
                switch generator.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
                default: bytes[index] ^= 1 << UInt8(generator.next() % 8)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            var decoder = FrameDecoder()
            decoder.append(bytes)
            guard let frame = try? decoder.next() else { continue }
            if (try? SupervisorRequest(frame)) != nil { valid += 1 }
            if (try? SupervisorEvent(frame)) != nil { valid += 1 }
        }
        // Some mutations only change text: a decoder that refuses all is broken as well.
        #expect(valid > 0)
    }
}

/// The same numbers in every run.
private struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
