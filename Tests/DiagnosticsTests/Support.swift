import AgentProtocol
import Diagnostics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Real outputs of real tools, beside this file.
enum Fixture {
    static func bytes(_ name: String) -> [UInt8] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        return readFile("/\(folder)/Fixtures/\(name)") ?? []
    }

    /// All files of the folder but its README: a new one is fuzzed without being named anywhere.
    static let names: [String] = {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        guard let directory = opendir("/\(folder)/Fixtures") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix("."), name != "README.md" { names.append(name) }
        }
        return names.sorted()
    }()
}

extension CheckOutput.Report {
    /// A fixture as the report of a check.
    static func fixture(_ name: String) -> Self { Self(path: "build/\(name)", bytes: Fixture.bytes(name)) }
}

func readFile(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}

/// Parses a text as a command's stderr.
func parse(
    _ text: String, command: [String] = ["check"], root: String = "/src", directory: String? = nil,
    parser: String? = nil, reports: [CheckOutput.Report] = [], files: [String: String] = [:]
) -> ParsedOutput {
    parse(
        stderr: Array(text.utf8), command: command, root: root, directory: directory, parser: parser, reports: reports,
        files: files)
}

func parse(
    stdout: [UInt8] = [], stderr: [UInt8] = [], command: [String] = ["check"], root: String = "/src",
    directory: String? = nil, parser: String? = nil, reports: [CheckOutput.Report] = [],
    files: [String: String] = [:]
) -> ParsedOutput {
    let workspace = Workspace(files: files)
    return DiagnosticParsing.parse(
        CheckOutput(
            command: command, stdout: stdout, stderr: stderr, workingDirectory: directory ?? root,
            workspaceRoot: root, parser: parser, reports: reports),
        sourceLine: workspace.line, filesNamed: workspace.files)
}

/// Files by path.
struct Workspace {
    var files: [String: String]

    func line(_ path: String, _ number: Int) -> String? {
        guard let text = files[path] else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
    }

    func files(_ suffix: String) -> [String] {
        files.keys.filter { $0 == suffix || $0.hasSuffix("/" + suffix) }.sorted()
    }
}

/// One line of a diagnostic: `tool severity [code] path start-end: message`.
func brief(_ diagnostic: Diagnostic) -> String {
    let code = diagnostic.code.map { " [\($0)]" } ?? ""
    let path = diagnostic.path.isEmpty ? "-" : diagnostic.path
    return "\(diagnostic.tool) \(diagnostic.severity.rawValue)\(code) \(path) \(brief(diagnostic.range)): "
        + diagnostic.message
}

func brief(_ range: TextRange?) -> String {
    range.map { "\($0.startLine):\($0.startColumn)-\($0.endLine):\($0.endColumn)" } ?? "-"
}

func brief(_ related: RelatedLocation) -> String {
    "\(related.path.isEmpty ? "-" : related.path) \(brief(related.range)): \(related.message)"
}

extension ParsedOutput {
    var briefs: [String] { diagnostics.map { brief($0) } }
}

/// A fresh folder, removed at the end.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/cofferdam-diagnostics-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FolderError.notMade }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    enum FolderError: Error { case notMade, notWritten, notStarted }

    func write(_ name: String, _ text: String) throws {
        guard let file = fopen("\(path)/\(name)", "wb") else { throw FolderError.notWritten }
        fputs(text, file)
        fclose(file)
    }

    /// Runs a script in the folder; gives its stdout and stderr together.
    func run(_ script: String) throws -> [UInt8] {
        guard let pipe = popen("cd '\(path)' && { \(script); } 2>&1", "r") else { throw FolderError.notStarted }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        pclose(pipe)
        return bytes
    }

    deinit { _ = system("rm -rf '\(path)'") }
}

/// Whether a program can be run here.
func has(_ program: String) -> Bool { system("command -v \(program) >/dev/null 2>&1") == 0 }

/// A small generator with a seed, the same on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
