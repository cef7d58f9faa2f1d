/// The stack of a Python failure, and which of its places to show: the last one in the workspace's own code.
struct PythonFrames {
    struct Frame {
        var file: Substring
        var line: Int
        /// `in test_one`; may be empty.
        var note: String
    }

    private var places: [(place: Finding.Place, note: String, isOwn: Bool)] = []

    var isEmpty: Bool { places.isEmpty }

    /// `  File "pkg/m.py", line 4, in g`.
    static func nativeFrame(_ line: Substring) -> Frame? {
        line.indentation > 0 ? frame(line.trimmed) : nil
    }

    /// The same without its indentation.
    static func frame(_ text: Substring) -> Frame? {
        guard let rest = text.after(prefix: "File \""), let (file, tail) = rest.cut(at: "\", line ") else { return nil }
        let number = Substring(tail.utf8.prefix { $0.isDigit })
        guard let line = number.smallNumber else { return nil }
        return Frame(file: file, line: line, note: tail.cut(at: ", ").map { String($0.after) } ?? "")
    }

    mutating func add(_ frame: Frame, _ collector: inout FindingCollector) {
        // `<string>`, `<frozen importlib._bootstrap>` are no files.
        guard !frame.file.begins("<"), frame.line > 0, let place = collector.place(frame.file, line: frame.line)
        else { return }
        let isOwn =
            place.file.inside != nil && !frame.file.has("/site-packages/") && !frame.file.has("/dist-packages/")
        places.append((place, frame.note, isOwn))
        // The first frame and the last ones tell most.
        if places.count > DiagnosticLimits.related * 2 { places.remove(at: 1) }
    }

    var placeAndRelated: (Finding.Place?, [Finding.Related]) {
        guard let index = places.lastIndex(where: \.isOwn) ?? places.indices.last else { return (nil, []) }
        let others = places.indices.filter { $0 != index && (places[$0].isOwn || $0 == places.count - 1) }
        let related = others.map { other in
            let note = places[other].note
            let what = other > index ? "raised here" : "called from here"
            return Finding.Related(place: places[other].place, message: note.isEmpty ? what : "\(what), \(note)")
        }
        return (places[index].place, related)
    }

    /// The places in the workspace's own code, and where it was raised, the innermost first.
    var stack: [Finding.Related] {
        let shown = places.indices.reversed().filter { places[$0].isOwn || $0 == places.count - 1 }
        return shown.prefix(DiagnosticLimits.frames).map { .init(place: places[$0].place, message: places[$0].note) }
    }

    /// The places in the workspace's own code that led to another, the nearest first.
    func own(note: String) -> [Finding.Related] {
        places.reversed().filter(\.isOwn).map { .init(place: $0.place, message: note) }
    }

    /// Where it began.
    var first: Finding.Place? { places.first { $0.isOwn }?.place }
}
