import AgentProtocol
import ArgumentParser
import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Play a recorded session again on a folder, without a model, key or network.",
        discussion: """
            Every prompt, answer and tool call comes again, and the tools run in a real sandbox. The folder must be as it was \
            when the session was recorded: the first request that differs ends the turn and says how. Times, process numbers, \
            hashes and the like may differ. Nothing is applied and nothing is charged.
            """)

    @Argument(help: "The recording (`cofferdam run --record`, `cofferdam record`).")
    var file: String
    @Option(name: .shortAndLong, help: "The folder to work on.")
    var folder = "."
    @Flag(help: "Give the recorded answers whatever is asked, for a demonstration.")
    var lenient = false
    @Option(help: "How many times as fast as it was; without it there are no pauses.")
    var speed: Double?
    @Flag(help: "Print every event as a line of JSON.")
    var json = false
    @Flag(help: "Allow every action that policy asks about.")
    var yes = false
    @Flag(help: "Keep the session, for its diff and further prompts.")
    var keep = false

    /// What the service takes at most.
    private static let maximumBytes = 24 << 20

    func validate() throws {
        if let speed, !(0.01...1000).contains(speed) { throw ValidationError("--speed is from 0.01 to 1000") }
    }

    func run() async throws {
        let text = try Self.read(file)
        let lines = try Lines(text, file)
        let status = try await ServiceSession.with(asks: Terminal.inputIsTerminal && !json && !yes) { session in
            let folder = try WorkingFolder.absolute(folder)
            let started = try await session.client.call(
                AgentStart.self,
                AgentStart.Params(
                    prompt: lines.prompt, workspaceFolder: folder,
                    replay: ModelReplay(
                        recording: text, match: lenient ? .lenient : nil,
                        speedPercent: speed.map { Int(($0 * 100).rounded()) })))
            if !json {
                Terminal.line(
                    Terminal.styled("session \(started.sessionId) on \(Terminal.harmless(folder))", .bold))
            }
            _ = try await session.client.attach(started.sessionId, afterSeq: 0)
            let follower = SessionFollower(
                session: session, sessionId: started.sessionId, json: json, folder: folder, approvesAll: yes,
                turns: lines.turns)
            let end = await follower.follow(untilTurnAfter: 0)
            if !keep, case .turn = end {
                _ = try await session.client.call(AgentStop.self, SessionReference(sessionId: started.sessionId))
            }
            return SessionFollower.status(of: end)
        }
        throw ExitCode(status)
    }

    /// What this command needs to know of a recording; the service checks the rest.
    private struct Lines {
        var prompt: String
        var turns: Int

        init(_ text: String, _ file: String) throws {
            let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
            guard let first = lines.first, let header = try? JSON(parsing: Array(first)),
                header["type"]?.stringValue == "recording", let prompt = header["session"]?["prompt"]?.stringValue
            else { throw ValidationError("\(file) is no recording: see `cofferdam run --record`") }
            self.prompt = prompt
            turns = 1
            for line in lines.dropFirst() {
                guard let json = try? JSON(parsing: Array(line)), json["type"]?.stringValue == "prompt",
                    json["steers"]?.boolValue != true
                else { continue }
                turns += 1
            }
        }
    }

    private static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ValidationError("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ValidationError("\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            result += buffer[..<count]
            guard result.count <= maximumBytes else {
                throw ValidationError("\(path) is larger than a recording can be (24 MiB)")
            }
        }
        guard let text = String(validating: result, as: UTF8.self) else {
            throw ValidationError("\(path) is no recording: it is not UTF-8")
        }
        return text
    }
}

#if canImport(Glibc)
    private let systemRead = Glibc.read
#else
    private let systemRead = Darwin.read
#endif
