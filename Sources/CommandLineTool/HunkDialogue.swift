import AgentProtocol
import Dispatch
import LanguageServer

/// Shows a result piece by piece and asks of each whether it is to be applied, as `git add -p` does. Answers are lines,
/// also of a pipe; the end of the input leaves the rest.
struct HunkDialogue {
    private let diff: AgentDiff.Result
    private let text = DiffText(isColoured: Terminal.usesColour)
    private let pieces: [HunkPieces]

    init(_ diff: AgentDiff.Result) {
        self.diff = diff
        pieces = diff.files.map { HunkPieces($0) }
    }

    /// Nil when nothing was chosen.
    func wish() async throws -> ResultOnDisk.Wish? {
        var wish = ResultOnDisk.Wish(paths: [], hunks: [], diff: diff)
        for file in pieces {
            let (choice, goesOn) = await ask(file)
            switch choice {
            case .whole: wish.paths?.append(file.path)
            case .parts(let ids) where !ids.isEmpty: wish.hunks?.append(HunkChoice(path: file.path, ids: ids))
            case .parts: break
            }
            guard goesOn else { break }
        }
        return wish.paths?.isEmpty == true && wish.hunks?.isEmpty == true ? nil : wish
    }

    private enum Choice {
        case whole
        case parts([String])
    }

    private enum Answer: Character {
        case yes = "y"
        case no = "n"
        case quit = "q"
        case all = "a"
        case rest = "d"
        case split = "s"
    }

    /// - Returns: what is wanted of a file, and whether the next one is to be asked about.
    private func ask(_ file: HunkPieces) async -> (Choice, Bool) {
        Terminal.out(text.patch(file.heading) + (file.heading.hasSuffix("\n") || file.heading.isEmpty ? "" : "\n"))
        if file.isSensitive {
            Terminal.line(text.paint("This file runs outside the sandbox once it is applied: look twice.", .yellow))
        }
        var queue = file.pieces
        var ids: [String] = []
        var number = 1
        var total = queue.count
        while let piece = queue.first {
            if !piece.text.isEmpty { Terminal.line(text.patch(piece.text)) }
            let answer = await answer(to: piece, of: file, "(\(number)/\(total)) ")
            queue.removeFirst()
            number += 1
            switch answer {
            case .yes:
                guard let id = piece.id else { return (.whole, true) }
                ids.append(id)
            case .no: break
            case .quit: return (.parts(ids), false)
            case .all:
                guard piece.id != nil else { return (.whole, true) }
                return (.parts(ids + [piece].compactMap(\.id) + queue.compactMap(\.id)), true)
            case .rest: return (.parts(ids), true)
            case .split:
                number -= 1
                total += piece.parts.count - 1
                queue = piece.parts + queue
                Terminal.line(text.paint("Split into \(piece.parts.count) hunks.", .bold))
            }
        }
        return (.parts(ids), true)
    }

    private func answer(to piece: HunkPieces.Piece, of file: HunkPieces, _ count: String) async -> Answer {
        let letters = "y,n,q,a,d" + (piece.parts.count > 1 ? ",s" : "") + ",?"
        while true {
            let question = "\(count)Apply \(piece.question) \(Terminal.name(file.path)) [\(letters)]? "
            Terminal.out(text.paint(question, .bold))
            guard let line = await Self.line() else {
                Terminal.line("")
                return .quit
            }
            let word = line.lowercased().drop { $0 == " " }
            if let answer = word.first.flatMap(Answer.init), answer != .split || piece.parts.count > 1 { return answer }
            Terminal.line(text.paint(Self.help(piece), .dim))
        }
    }

    private static func help(_ piece: HunkPieces.Piece) -> String {
        """
        y - apply this
        n - do not apply this
        q - quit; apply what was chosen so far
        a - apply this and all that follows in the file
        d - apply neither this nor what follows in the file
        """ + (piece.parts.count > 1 ? "\ns - split this hunk into smaller ones" : "") + "\n? - help"
    }

    /// Nil at the end of the input.
    private static func line() async -> String? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: readLine()) }
        }
    }
}
