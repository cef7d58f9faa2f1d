import SupervisorProtocol

/// A sandbox made by ``LocalDriver``.
final class LocalSandbox: Sandbox {
    let id: String
    let spec: SandboxSpec
    let state: StateDirectory
    private let environment: [String: String]
    let process: SandboxProcess
    private let watch: WorkspaceWatch
    private let watching: Task<Void, Never>

    init(spec: SandboxSpec, state: StateDirectory, environment: [String: String], process: SandboxProcess) {
        id = spec.id
        self.spec = spec
        self.state = state
        self.environment = environment
        self.process = process
        let watch = WorkspaceWatch(
            directories: [state.upper, state.homeUpper], journal: state.journal, limits: spec.limits,
            actions: WorkspaceWatch.Actions(
                endCommands: { [link = process.link] in await link.endCommands(limit: $0) },
                endSandbox: { [weak process] in process?.giveUp($0) },
                unnamedBytes: { [weak process] bound in
                    process?.program.map { UnnamedFiles.bytes(beneath: $0, atMost: bound) } ?? 0
                }))
        let watching = Task { await watch.run() }
        self.watch = watch
        self.watching = watching
        Task {
            _ = await process.termination
            watching.cancel()
        }
    }

    deinit {
        process.requestStop()
    }

    func exec(_ request: ExecRequest) async throws -> any ExecHandle {
        let command = try process.link.command(for: request, as: try wire(request))
        try await command.accepted()
        return command
    }

    func attach(_ id: ExecID, stdoutOffset: Int, stderrOffset: Int) async throws -> any ExecHandle {
        guard stdoutOffset >= 0, stderrOffset >= 0 else {
            throw SandboxError.invalidRequest("offsets must not be negative")
        }
        let command = try process.link.attach(id, stdoutOffset: stdoutOffset, stderrOffset: stderrOffset)
        try await command.accepted()
        return command
    }

    func detach() async {
        process.requestDetach()
        _ = await process.termination
    }

    var connections: AsyncStream<PassedConnection> { process.connections.stream }

    func changes() async throws -> [WorkspaceChange] {
        let layer = OverlayChanges(
            base: spec.base, upper: state.upper, attributes: process.overlayAttributes, layers: spec.layers.workspace)
        return try await Background.run { try layer.collect() }
    }

    var takesSnapshots: Bool { true }

    func stop() async {
        process.requestStop()
        _ = await process.termination
    }

    var termination: SandboxTermination {
        get async { await process.termination }
    }

    /// The request as the supervisor takes it: environment and directory complete.
    private func wire(_ request: ExecRequest) throws(SandboxError) -> ExecCommand {
        guard let program = request.arguments.first, !program.isEmpty else {
            throw .invalidRequest("there is no program to run")
        }
        let environment =
            request.withoutRepositoryVariables ? spec.withoutRepositoryVariables(environment) : environment
        let standard = request.terminal == nil ? environment : ["TERM": "xterm-256color"].merging(environment) { $1 }
        let variables = standard.merging(request.environment) { _, new in new }
        for (name, _) in request.environment where name.isEmpty || name.contains("=") {
            throw .invalidRequest("“\(name)” is no name for an environment variable")
        }
        // Sorted, so that a repeated request has the same fingerprint.
        let entries = variables.map { "\($0.key)=\($0.value)" }.sorted()
        var directory = spec.workspacePath
        if let asked = request.workingDirectory {
            directory = asked.hasPrefix("/") ? asked : "\(directory)/\(asked)"
        }
        guard !(request.arguments + entries + [directory]).contains(where: { $0.utf8.contains(0) }) else {
            throw .invalidRequest("arguments, environment and directory must not hold zero bytes")
        }
        guard directory.utf8.count <= ProtocolLimits.maximumPath else { throw .requestTooLarge("the directory's path") }
        guard max(request.arguments.count, entries.count) <= ProtocolLimits.maximumStrings else {
            throw .requestTooLarge("more than \(ProtocolLimits.maximumStrings) arguments or variables")
        }
        guard request.standardInput?.count ?? 0 <= ExecRequest.maximumStandardInput else {
            throw .requestTooLarge("standard input is above \(ExecRequest.maximumStandardInput) bytes")
        }
        return ExecCommand(
            id: request.id, arguments: request.arguments, environment: entries, directory: directory,
            timeoutMilliseconds: request.timeout.map { max(1, $0.wholeMilliseconds) } ?? 0,
            graceMilliseconds: request.grace.wholeMilliseconds,
            outputLimit: max(0, watch.outputLimit(request.outputLimit)),
            standardInput: request.standardInput, terminal: request.terminal.map(TerminalCells.init),
            interactiveInput: request.interactiveInput)
    }
}

// MARK: Files

extension LocalSandbox {
    func stat(_ path: String) async throws -> FileStatus? {
        let reply = try await process.link.perform(.stat(path: try relative(path)))
        guard case .status(let status) = reply else { throw Self.error(reply, path) }
        return status.map {
            FileStatus(
                kind: FileKind($0.kind), size: $0.size, mode: $0.mode,
                modifiedNanoseconds: Int($0.modifiedNanoseconds))
        }
    }

    func readFile(_ path: String, offset: Int, maximumBytes: Int) async throws -> FileContents {
        try await contents(of: try relative(path), path, offset: offset, maximumBytes: maximumBytes)
    }

    /// - Parameter target: as the supervisor takes it.
    func contents(
        of target: String, _ path: String, offset: Int, maximumBytes: Int
    ) async throws -> FileContents {
        var contents = FileContents(bytes: [], totalSize: 0)
        let start = max(0, offset)
        repeat {
            let wanted = min(ProtocolLimits.filePart, max(0, maximumBytes - contents.bytes.count))
            let reply = try await process.link.perform(
                .read(path: target, offset: start + contents.bytes.count, maximum: wanted))
            guard case .contents(let bytes, let totalSize) = reply else { throw Self.error(reply, path) }
            guard bytes.count <= wanted else { throw SandboxError.lost("its supervisor sent more than was asked for") }
            contents.bytes += bytes
            contents.totalSize = totalSize
            if bytes.isEmpty { break }
        } while contents.bytes.count < maximumBytes && start + contents.bytes.count < contents.totalSize
        return contents
    }

    func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32?) async throws {
        let target = try relative(path)
        try watch.checkRoom()
        if let mode, mode & ~0o777 != 0 { throw SandboxError.invalidRequest("only permission bits can be set") }
        let starts = stride(from: 0, to: max(1, bytes.count), by: ProtocolLimits.filePart)
        let parts = starts.lazy.map { start in
            let end = min(bytes.count, start + ProtocolLimits.filePart)
            return FileRequest.write(
                FileRequest.WritePart(
                    path: target, mode: mode, bytes: Array(bytes[start..<end]), isFirst: start == 0,
                    isLast: end == bytes.count))
        }
        let reply = try await process.link.perform(parts)
        guard case .done = reply else { throw Self.error(reply, path) }
    }

    func removeFile(_ path: String) async throws {
        let reply = try await process.link.perform(.remove(path: try relative(path)))
        guard case .done = reply else { throw Self.error(reply, path) }
    }

    func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing {
        let limit = min(max(0, maximumEntries), ProtocolLimits.maximumEntries)
        let reply = try await process.link.perform(
            .list(path: try relative(path), recursive: recursive, maximumEntries: limit))
        guard case .entries(let entries, _, let isTruncated) = reply else { throw Self.error(reply, path) }
        return FileListing(
            entries: entries.map {
                FileListing.Entry(
                    path: String(decoding: $0.path, as: UTF8.self), kind: FileKind($0.kind), size: $0.size)
            }, isTruncated: isTruncated)
    }

    /// The path relative to the workspace, `.` and `..` resolved by their letters; the supervisor checks what it leads to.
    private func relative(_ path: String) throws(SandboxError) -> String {
        guard !path.utf8.contains(0), path.utf8.count <= ProtocolLimits.maximumPath else {
            throw .outsideWorkspace(String(path.prefix(256)))
        }
        var rest = path[...]
        if path.hasPrefix("/") {
            guard HostPaths.isBeneath(path, spec.workspacePath) else { throw .outsideWorkspace(path) }
            rest = path.dropFirst(spec.workspacePath.count)
        }
        var parts: [Substring] = []
        for part in rest.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(part)
            } else if parts.popLast() == nil {
                throw .outsideWorkspace(path)
            }
        }
        return parts.joined(separator: "/")
    }

    static func error(_ reply: FileReply, _ path: String) -> SandboxError {
        guard case .failure(let failure, let number) = reply else {
            return .fileOperation(path: path, errno: 0, message: "the supervisor gave an answer that does not fit")
        }
        return switch failure {
        case .notFound: .notFound(path)
        case .outsideWorkspace: .outsideWorkspace(path)
        case .notRegular: .notARegularFile(path)
        case .tooManyWrites: .fileOperation(path: path, errno: number, message: "too many files are being written")
        case .unexpectedPart, .other: .fileOperation(path: path, errno: number, message: errnoText(number))
        }
    }
}

extension FileKind {
    init(_ kind: FileReply.Kind) {
        self =
            switch kind {
            case .regular: .regular
            case .directory: .directory
            case .symbolicLink: .symbolicLink
            case .special: .special
            }
    }
}
