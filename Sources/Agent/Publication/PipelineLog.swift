import Forges

/// A log of CI, made into what the tool itself printed, so that the parsers of checks read it.
enum PipelineLog {
    /// Takes away what runners put before each line: a time, GitLab's mark of the stream, GitHub's groups.
    static func clean(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            result += rest(of: line)
            result.append(UInt8(ascii: "\n"))
        }
        return result
    }

    private static func rest(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        if let length = timeLength(line) {
            line = line.dropFirst(length)
            // GitLab: two digits for the stream, O or E, and + or a space (`00O `, `01E+`).
            let mark = Array(line.prefix(4))
            if mark.count == 4, isDigit(mark[0]), isDigit(mark[1]), "OE".utf8.contains(mark[2]),
                "+ ".utf8.contains(mark[3])
            {
                line = line.dropFirst(4)
            }
        }
        for mark in marks where line.starts(with: mark) { return line.dropFirst(mark.count) }
        return line
    }

    private static let marks = ["##[error]", "##[warning]", "##[command]", "##[group]", "##[debug]"].map {
        Array($0.utf8)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// Length of `2026-11-28T03:00:00.1234567Z ` at the beginning of a line, the space included.
    private static func timeLength(_ line: ArraySlice<UInt8>) -> Int? {
        let head = Array(line.prefix(40))
        let pattern = Array("dddd-dd-ddTdd:dd:dd".utf8)
        guard head.count > pattern.count else { return nil }
        for (byte, expected) in zip(head, pattern) {
            guard expected == UInt8(ascii: "d") ? isDigit(byte) : byte == expected else { return nil }
        }
        var length = pattern.count
        if head[length] == UInt8(ascii: ".") {
            length += 1
            while length < head.count, isDigit(head[length]) { length += 1 }
        }
        guard length + 1 < head.count, head[length] == UInt8(ascii: "Z"), head[length + 1] == UInt8(ascii: " ") else {
            return nil
        }
        return length + 2
    }

    /// Where the runner had the repository: of the usual places the one that the log names most often.
    static func root(_ log: [UInt8], _ kind: ForgeKind, _ repository: RepositoryName) -> String {
        let name = repository.name
        let places =
            switch kind {
            case .github:
                ["/home/runner/work/\(name)/\(name)", "/__w/\(name)/\(name)", "/Users/runner/work/\(name)/\(name)"]
            case .gitlab: ["/builds/\(repository)"]
            case .gitea, .forgejo: ["/workspace/\(repository)"]
            case .bitbucket, .bitbucketDataCenter: ["/opt/atlassian/pipelines/agent/build"]
            }
        guard places.count > 1 else { return places[0] }
        let text = String(decoding: log, as: UTF8.self)
        let counts = places.map { count($0, text) }
        return places[counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }]
    }

    private static func count(_ place: String, _ text: String) -> Int {
        var count = 0
        var rest = text[...]
        while let found = rest.firstRange(of: place) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
