import JSON
import Secrets
import Testing

@testable import Models

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct CommandTests {
    private func provider(
        _ script: String, _ words: [String] = [], environment: [String: SecretString] = [:],
        limits: ModelLimits = ModelLimits()
    ) throws -> CommandProvider {
        var settings = ModelSettings(provider: .command, model: "m", limits: limits)
        settings.command = ModelCommand(arguments: ["sh", "-c", script, "sh"] + words, environment: environment)
        return try CommandProvider(settings)
    }

    private let completed = #"{"type":"completed"}"#

    @Test func theEnvironmentIsSealed() async throws {
        setenv("COFFERDAM_TEST_CANARY", "canary", 1)
        let script =
            #"text=$(env | grep -ci -e canary -e mine); printf '{"type":"textDelta","text":"%s"}\n' "$text $MINE"; echo '{"type":"completed"}'"#
        let response = try await provider(script, environment: ["MINE": SecretString("own")]).response(to: .simple)
        #expect(response.text == "1 own")
    }

    @Test(arguments: [
        (#"{"type":"error","kind":"authentication","message":"m"}"#, ModelError.authentication("m")),
        (
            #"{"type":"error","kind":"rateLimited","message":"m","retryAfterSeconds":7}"#,
            .rateLimited(retryAfter: .seconds(7), detail: "m")
        ),
        (#"{"type":"error","kind":"overloaded","message":"m"}"#, .overloaded(retryAfter: nil, detail: "m")),
        (#"{"type":"error","kind":"contextOverflow","message":"m"}"#, .contextOverflow("m")),
        (#"{"type":"error","kind":"invalidRequest","message":"m"}"#, .invalidRequest("m")),
        (#"{"type":"error","retryAfterSeconds":-1}"#, .overloaded(retryAfter: nil, detail: "")),
    ])
    func errors(line: String, error: ModelError) async throws {
        #expect(try await provider("printf '%s\\n' \"$1\"", [line]).failure() == error)
    }

    @Test func itEndsTooEarly() async throws {
        let script = #"printf '{"type":"textDelta","text":"x"}\n'; echo "no memory for $KEY" >&2; exit 3"#
        let error = try await provider(script, environment: ["KEY": SecretString("canary-key")]).failure()
        guard case .streamCut(let detail) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(detail.contains("status 3") && detail.contains("no memory for"))
        #expect(!detail.contains("canary"))
    }

    @Test func silenceIsAStall() async throws {
        var limits = ModelLimits()
        limits.idleTimeout = .milliseconds(100)
        #expect(try await provider("exec sleep 1000", limits: limits).failure() == .stalled(after: .milliseconds(100)))
    }

    /// A program that heeds no request to end is made to, with all that it started.
    @Test func cancellationEndsTheGroup() async throws {
        let script = #"trap '' TERM; sleep 1000 & printf '{"type":"textDelta","text":"%s %s"}\n' $$ $!; wait; wait"#
        let provider = try provider(script)
        let (pids, continuation) = AsyncStream.makeStream(of: String.self)
        let task = Task {
            for try await event in provider.stream(.simple) {
                if case .textDelta(let text) = event { continuation.yield(text) }
            }
        }
        var iterator = pids.makeAsyncIterator()
        let text = try #require(await iterator.next())
        task.cancel()
        _ = await task.result
        for pid in text.split(separator: " ").compactMap({ pid_t($0) }) {
            while kill(pid, 0) == 0 { await Task.yield() }
            #expect(errno == ESRCH)
        }
    }

    @Test func garbage() async throws {
        for line in ["{", "[x", #"{"type":"toolCall"}"#] {
            let error = try await provider("printf '%s\\n' \"$1\"", [line]).failure()
            guard case .malformedResponse = error else {
                Issue.record("\(error)")
                continue
            }
        }
        var limits = ModelLimits()
        limits.maximumLineBytes = 100
        let long = try await provider("exec yes | tr -d '\\n'", limits: limits).failure()
        #expect(long.description.contains("longer than 100 bytes"))
    }

    /// A program that reads nothing, and one that is not there.
    @Test func strangers() async throws {
        var request = ModelRequest.simple
        request.system = String(repeating: "x", count: 1 << 20)
        let response = try await provider("printf '%s\\n' \"$1\"", [completed]).response(to: request)
        #expect(response.stopReason == .endTurn)
        var settings = ModelSettings(provider: .command, model: "m")
        settings.command = ModelCommand(arguments: ["/does/not/exist"])
        let error = try await CommandProvider(settings).failure()
        #expect(error.description.contains("/does/not/exist"))
    }

    /// The transcript of the reference is one: what it says is asked is asked, and its answer is read.
    @Test func transcriptOfTheReference() async throws {
        let reference =
            #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Protocol/model-command.md"
        let text = String(decoding: try SmallFile.read(reference, maximumBytes: 1 << 20), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let asked = try #require(lines.first { $0.hasPrefix("<- ") }).dropFirst(3)
        let answer = lines.filter { $0.hasPrefix("-> ") }.map { $0.dropFirst(3) + "\n" }.joined()
        var settings = ModelSettings(provider: .command, model: "ours")
        settings.command = ModelCommand(arguments: ["printf", "%s", answer])
        let provider = try CommandProvider(settings)
        let request = ModelRequest(messages: [.user("Hello")], sessionKey: "s1")
        #expect(try JSON(parsing: provider.line(of: request)) == JSON(parsing: String(asked)))
        let response = try await provider.response(to: request)
        #expect(response.text == "Grüße 👋")
        #expect(response.usage == ModelUsage(input: 20, output: 30))
        #expect(response.model == "ours-1")
    }

    @Test func settings() throws {
        let own = try ModelProviders.settings(fromEnvironment: ["COFFERDAM_MODEL": "command:/opt/model --fast"])
        #expect(own?.command?.arguments == ["/opt/model", "--fast"])
        #expect(own?.model == "model")
        let entry: JSON = ["provider": "command", "command": ["/opt/model"], "environment": ["KEY", "UNSET"]]
        let settings = try ModelProviders.settings(from: entry, environment: ["KEY": "k", "OTHER": "o"])
        #expect(settings.command?.environment == ["KEY": SecretString("k")])
        #expect(throws: ModelError.self) {
            try ModelProviders.settings(from: ["provider": "command", "command": "x"], environment: [:])
        }
    }
}
