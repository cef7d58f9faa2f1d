import JSON
import NIOCore
import NIOPosix
import Secrets
import Spawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A model that is a program of the host. Each request starts it anew: it reads one line, the request, then the end of
/// its input; it writes lines until the one that ends the answer. So requests at the same time cannot mix, and to
/// cancel one is to end a process group.
struct CommandProvider: ModelProvider {
    static let vendor = "command"
    static let version = 1

    let identifier: String
    private let settings: ModelSettings
    private let command: ModelCommand
    private let redactor: Redactor

    /// - Throws: ``ModelError/notConfigured(_:)`` when the settings name no program.
    init(_ settings: ModelSettings, _ known: KnownSecrets = KnownSecrets()) throws(ModelError) {
        guard let command = settings.command, command.arguments.first?.isEmpty == false else {
            throw .notConfigured("The provider command needs a program: COFFERDAM_MODEL=command:PROGRAM.")
        }
        self.settings = settings
        self.command = command
        identifier = "\(Self.vendor)/\(settings.model)"
        redactor = Redactor(settings.secrets, known: known)
    }

    func shutdown() async {}

    func probe() async throws -> String {
        guard let program = command.programs.first(where: { access($0, X_OK) == 0 }) else {
            throw ModelError.notConfigured("There is no program \(command.arguments.first ?? "") that can be started.")
        }
        return "\(program) can be started"
    }

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run(request) { continuation.yield($0) }
                    continuation.finish()
                } catch let error as ModelError {
                    continuation.finish(throwing: error.redacted(by: redactor))
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// What the program reads.
    func line(of request: ModelRequest) -> [UInt8] {
        let messages = request.messages.map { message in
            var message = message
            message.content.removeAll { block in
                if case .reasoning(let reasoning) = block { !reasoning.isOwn(of: Self.vendor) } else { false }
            }
            return message.json
        }
        let tools = request.tools.map { tool -> JSON in
            [
                "name": .string(tool.name), "description": .string(tool.description), "parameters": tool.parameters,
            ]
        }
        let limit = request.maximumOutputTokens ?? settings.maximumOutputTokens
        let json: JSON = [
            "type": "request", "version": .number(JSONNumber(Self.version)),
            "model": .string(request.model ?? settings.model), "system": .string(request.system),
            "messages": .array(messages), "tools": .array(tools),
            "maximumOutputTokens": .number(JSONNumber(limit)), "sessionKey": .string(request.sessionKey),
        ]
        return settings.quirks.completed(json).serialized() + [UInt8(ascii: "\n")]
    }

    private func run(_ request: ModelRequest, emit: (ModelEvent) -> Void) async throws {
        let program = try await CommandProcess.start(command, limits: settings.limits)
        do {
            program.write(line(of: request))
            try await read(from: program, model: request.model ?? settings.model, emit)
        } catch {
            let note = await program.end()
            if case .streamCut(let detail)? = error as? ModelError {
                throw ModelError.streamCut("\(detail) \(note)")
            }
            throw error
        }
        _ = await program.end()
    }

    private func read(from program: CommandProcess, model: String, _ emit: (ModelEvent) -> Void) async throws {
        var framing = LineFraming(maximumLineBytes: settings.limits.maximumLineBytes)
        var decoder = CommandDecoder(model: model, maximumBlocks: settings.limits.maximumBlocks)
        do {
            for try await chunk in program.output {
                for event in try framing.feed(chunk.readableBytesView) where !decoder.isComplete {
                    try decoder.decode(event).forEach(emit)
                }
                if decoder.isComplete { break }
            }
        } catch let error as ServerSentEventParser.TooLong {
            throw ModelError.malformedResponse("The answer, or a line of it, is longer than \(error.limit) bytes.")
        } catch let error as IOError {
            throw ModelError.streamCut("reading from the program failed (\(error.errnoCode)).")
        }
        try Task.checkCancellation()
        emit(.completed(try decoder.finish()))
    }
}
