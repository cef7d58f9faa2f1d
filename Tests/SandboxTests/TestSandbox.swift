import Glibc
import Sandbox
import Testing

/// A sandbox over a small base, in a directory of its own; removed at the end.
struct TestSandbox {
    let directory: String
    let workspace: String
    let base: String
    let spec: SandboxSpec
    let sandbox: any Sandbox

    /// Runs `body` with a sandbox whose base holds `files` (a name that ends in `/` is a directory).
    static func with(
        files: [String: String] = [:],
        workspace: String? = nil,
        required: Set<String> = [],
        copies: Bool = false,
        cgroup: CgroupPlacement = .automatic,
        configure: (inout SandboxSpec) -> Void = { _ in },
        _ body: (TestSandbox) async throws -> Void
    ) async throws {
        let directory = try makeDirectory()
        // Unique, so that the processes of one sandbox can be told from those of another.
        let workspace = workspace ?? "/srv/user/project-\(ExecID())"
        let base = directory + "/base"
        try make(base)
        for (name, text) in files.sorted(by: { $0.key < $1.key }) { try write(base + "/" + name, text) }
        var spec = SandboxSpec(
            id: "test", workspacePath: workspace, base: base, stateDirectory: directory + "/state",
            detectToolchains: false)
        // A test program that is killed leaves them for a short time only.
        spec.orphanGrace = .seconds(120)
        configure(&spec)
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let sandbox = try await LocalDriver(require: required, cgroup: cgroup, copies: copies).create(spec)
        let test = TestSandbox(
            directory: directory, workspace: workspace, base: base, spec: spec, sandbox: sandbox)
        do {
            try await body(test)
            await sandbox.stop()
        } catch {
            await sandbox.stop()
            throw error
        }
    }

    static func makeDirectory() throws -> String {
        var template = Array("/tmp/cofferdam-sandbox-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) } != nil
        }
        try #require(made)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func make(_ directory: String) throws {
        if mkdir(directory, 0o755) == 0 || errno == EEXIST { return }
        try make(String(directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)]))
        try #require(mkdir(directory, 0o755) == 0)
    }

    static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        if path.hasSuffix("/") { return try make(String(path.dropLast())) }
        try make(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        chmod(path, mode)
    }

    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs a shell script to its end.
    func shell(
        _ script: String, timeout: Duration? = .seconds(60), grace: Duration = .seconds(2), outputLimit: Int = 64 << 20,
        environment: [String: String] = [:], standardInput: [UInt8]? = nil
    ) async throws -> Finished {
        try await run(
            ExecRequest(
                arguments: ["/bin/sh", "-c", script], environment: environment, timeout: timeout, grace: grace,
                standardInput: standardInput, outputLimit: outputLimit))
    }

    func run(_ request: ExecRequest) async throws -> Finished {
        try await Finished(sandbox.exec(request))
    }
}

/// A command's output and result.
struct Finished {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var result: ExecResult

    init(_ handle: any ExecHandle) async throws {
        for await chunk in handle.output {
            switch chunk.stream {
            case .stdout:
                #expect(chunk.offset == stdout.count)
                stdout += chunk.bytes
            case .stderr:
                #expect(chunk.offset == stderr.count)
                stderr += chunk.bytes
            }
        }
        result = try await handle.result()
    }

    var text: String { String(decoding: stdout, as: UTF8.self) }
    var errorText: String { String(decoding: stderr, as: UTF8.self) }
}
