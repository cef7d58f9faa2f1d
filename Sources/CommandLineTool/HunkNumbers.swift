import AgentProtocol
import ArgumentParser

/// Hunks of a file as the user names them: `Sources/main.c:1,3`.
struct HunkNumbers {
    let path: String
    private let numbers: [Int]

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex else { throw Self.malformed(text) }
        path = String(text[..<colon])
        numbers = try text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false).map {
            guard let number = Int($0), number > 0 else { throw Self.malformed(text) }
            return number
        }
    }

    private static func malformed(_ text: String) -> ValidationError {
        ValidationError("--hunk \(text): name a file and numbers of its hunks, such as main.c:1,3")
    }

    func choice(of files: [FileDifference]) throws -> HunkChoice {
        guard let file = files.first(where: { $0.path == path }) else {
            throw ValidationError("the session did not change \(path)")
        }
        guard let hunks = file.hunks, !hunks.isEmpty else {
            throw ValidationError("\(path) has no hunks; apply it with --path")
        }
        return HunkChoice(
            path: path,
            ids: try numbers.map { number in
                guard number <= hunks.count else {
                    throw ValidationError("\(path) has \(hunks.count == 1 ? "1 hunk" : "\(hunks.count) hunks")")
                }
                return hunks[number - 1].id
            })
    }
}
