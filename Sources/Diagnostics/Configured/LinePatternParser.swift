/// A regular expression as a tree.
indirect enum PatternNode: Sendable {
    case empty
    case any
    case scalar(UInt32)
    case set(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// nil: the group is not remembered.
    case group(Int?, PatternNode)
    case repetition(PatternNode, least: Int, most: Int?, isGreedy: Bool)
    case lineStart
    case lineEnd
    case wordBoundary(Bool)

    /// Characters without which there is no match.
    var required: ASCIIMask {
        var mask = ASCIIMask()
        switch self {
        case .scalar(let value): mask.insert(value)
        case .sequence(let nodes): for node in nodes { mask.formUnion(node.required) }
        case .group(_, let node): mask = node.required
        case .repetition(let node, let least, _, _) where least > 0: mask = node.required
        default: break
        }
        return mask
    }

    /// Whether it matches at the beginning of a line only.
    var isAnchored: Bool {
        switch self {
        case .lineStart: true
        case .sequence(let nodes): nodes.first?.isAnchored ?? false
        case .group(_, let node): node.isAnchored
        case .choice(let nodes): nodes.allSatisfy(\.isAnchored)
        default: false
        }
    }
}

/// Reads JavaScript's syntax.
struct LinePatternParser {
    private(set) var groups = 0
    private let scalars: [UInt32]
    private var place = 0
    private var depth = 0
    private let ignoresCase: Bool

    private static let mostDepth = 32
    private static let mostRepeats = 255

    init(_ text: String, ignoresCase: Bool) throws(LinePattern.Fault) {
        scalars = text.unicodeScalars.prefix(LinePattern.longest + 1).map(\.value)
        guard scalars.count <= LinePattern.longest else { throw .tooLarge }
        self.ignoresCase = ignoresCase
    }

    mutating func pattern() throws(LinePattern.Fault) -> PatternNode {
        let node = try choice()
        guard place == scalars.count else { throw .malformed("unmatched )") }
        return node
    }

    private var next: UInt32? { place < scalars.count ? scalars[place] : nil }

    private mutating func take(_ text: String) -> Bool {
        let wanted = text.unicodeScalars.map(\.value)
        guard scalars[place...].starts(with: wanted) else { return false }
        place += wanted.count
        return true
    }

    private mutating func choice() throws(LinePattern.Fault) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.mostDepth else { throw .tooLarge }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(LinePattern.Fault) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != 0x7C, scalar != 0x29 {
            let atom = try self.atom()
            nodes.append(try repeated(atom))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ atom: PatternNode) throws(LinePattern.Fault) -> PatternNode {
        let least: Int
        let most: Int?
        if take("*") {
            (least, most) = (0, nil)
        } else if take("+") {
            (least, most) = (1, nil)
        } else if take("?") {
            (least, most) = (0, 1)
        } else if let bounds = try bounds() {
            (least, most) = bounds
        } else {
            return atom
        }
        let isGreedy = !take("?")
        if let next, next == 0x2A || next == 0x2B { throw .malformed("nothing to repeat") }
        return .repetition(atom, least: least, most: most, isGreedy: isGreedy)
    }

    /// `{2}`, `{2,}`, `{2,5}`; a brace that begins none of them is itself.
    private mutating func bounds() throws(LinePattern.Fault) -> (Int, Int?)? {
        let start = place
        guard take("{"), let least = number() else {
            place = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else {
            place = start
            return nil
        }
        guard least <= Self.mostRepeats, (most ?? 0) <= Self.mostRepeats else { throw .tooLarge }
        guard most.map({ $0 >= least }) ?? true else { throw .malformed("numbers out of order in {}") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next, (0x30...0x39).contains(digit), (value ?? 0) < 100_000 {
            value = (value ?? 0) * 10 + Int(digit - 0x30)
            place += 1
        }
        return value
    }

    private mutating func atom() throws(LinePattern.Fault) -> PatternNode {
        if take("(") { return try group() }
        if take("[") { return .set(try bracketed()) }
        if take("\\") { return try escape() }
        if take(".") { return .any }
        if take("^") { return .lineStart }
        if take("$") { return .lineEnd }
        guard let scalar = next else { return .empty }
        if [0x2A, 0x2B, 0x3F].contains(scalar) { throw .malformed("nothing to repeat") }
        place += 1
        return literal(scalar)
    }

    private func literal(_ scalar: UInt32) -> PatternNode {
        guard ignoresCase, (0x41...0x5A).contains(scalar & ~0x20), scalar < 128 else { return .scalar(scalar) }
        var set = ScalarSet([scalar...scalar])
        set.ignoreCase()
        return .set(set)
    }

    private mutating func group() throws(LinePattern.Fault) -> PatternNode {
        var number: Int?
        if take("?:") {
            number = nil
        } else if take("?=") || take("?!") || take("?<=") || take("?<!") {
            throw .unsupported("looking ahead or behind")
        } else {
            if take("?<") {
                while let scalar = next, scalar != 0x3E { place += 1 }
                guard take(">") else { throw .malformed("unfinished group name") }
            } else if take("?") {
                throw .unsupported("(?")
            }
            groups += 1
            number = groups
            guard groups < LinePattern.mostGroups else { throw .tooLarge }
        }
        let inner = try choice()
        guard take(")") else { throw .malformed("missing )") }
        return .group(number, inner)
    }

    private mutating func escape() throws(LinePattern.Fault) -> PatternNode {
        guard let scalar = next else { throw .malformed("\\ at the end") }
        switch scalar {
        case 0x62:
            place += 1
            return .wordBoundary(true)
        case 0x42:
            place += 1
            return .wordBoundary(false)
        case 0x31...0x39, 0x6B: throw .unsupported("backreferences")
        default: break
        }
        switch try escaped() {
        case .set(let set): return .set(set)
        case .scalar(let value): return literal(value)
        }
    }

    private enum Escaped {
        case set(ScalarSet)
        case scalar(UInt32)
    }

    /// What follows a backslash, within brackets and without.
    private mutating func escaped() throws(LinePattern.Fault) -> Escaped {
        guard let scalar = next else { throw .malformed("\\ at the end") }
        place += 1
        switch Unicode.Scalar(scalar) {
        case "d": return .set(.digit)
        case "D": return .set(ScalarSet.digit.negated)
        case "w": return .set(.word)
        case "W": return .set(ScalarSet.word.negated)
        case "s": return .set(.blank)
        case "S": return .set(ScalarSet.blank.negated)
        case "t": return .scalar(0x09)
        case "n": return .scalar(0x0A)
        case "r": return .scalar(0x0D)
        case "f": return .scalar(0x0C)
        case "v": return .scalar(0x0B)
        case "b": return .scalar(0x08)
        case "0": return .scalar(0)
        case "x": return .scalar(try hexadecimal(2))
        case "u":
            guard take("{") else { return .scalar(try hexadecimal(4)) }
            let value = try hexadecimal(nil)
            guard take("}") else { throw .malformed("\\u{") }
            return .scalar(value)
        case "p", "P": throw .unsupported("\\p")
        default: return .scalar(scalar)
        }
    }

    private mutating func hexadecimal(_ digits: Int?) throws(LinePattern.Fault) -> UInt32 {
        var value: UInt32 = 0
        var count = 0
        while count < digits ?? 6, let scalar = next, let character = Unicode.Scalar(scalar),
            let digit = Character(character).hexDigitValue
        {
            value = value << 4 | UInt32(digit)
            place += 1
            count += 1
        }
        guard count > 0, digits == nil || count == digits else { throw .malformed("hexadecimal digits expected") }
        return value
    }

    private mutating func bracketed() throws(LinePattern.Fault) -> ScalarSet {
        var set = ScalarSet([])
        let isNegated = take("^")
        while true {
            guard let scalar = next else { throw .malformed("missing ]") }
            if take("]") { break }
            let from: UInt32
            if take("\\") {
                switch try escaped() {
                case .set(let other):
                    set.formUnion(other)
                    continue
                case .scalar(let value): from = value
                }
            } else {
                place += 1
                from = scalar
            }
            set.insert(from...(try rangeEnd(from) ?? from))
        }
        if ignoresCase { set.ignoreCase() }
        set.isNegated = isNegated
        return set
    }

    /// The end of `a-z` behind the `a`; nil when there is no range.
    private mutating func rangeEnd(_ from: UInt32) throws(LinePattern.Fault) -> UInt32? {
        guard next == 0x2D, place + 1 < scalars.count, scalars[place + 1] != 0x5D else { return nil }
        let start = place
        place += 1
        var end = scalars[place]
        place += 1
        if end == 0x5C {
            guard case .scalar(let value) = try escaped() else {
                place = start
                return nil
            }
            end = value
        }
        guard end >= from else { throw .malformed("range out of order") }
        return end
    }
}

/// From the tree to instructions.
struct LinePatternCompiler {
    private(set) var program: [LinePattern.Instruction] = []
    /// Nodes seen, again for each repetition: empty ones make no instructions, but take time.
    private var seen = 0

    mutating func emit(_ node: PatternNode) throws(LinePattern.Fault) {
        seen += 1
        guard program.count < LinePattern.mostInstructions, seen < LinePattern.mostInstructions * 4 else {
            throw .tooLarge
        }
        switch node {
        case .empty: break
        case .any: program.append(.any)
        case .scalar(let value): program.append(.scalar(value))
        case .set(let set): program.append(.set(set))
        case .lineStart: program.append(.lineStart)
        case .lineEnd: program.append(.lineEnd)
        case .wordBoundary(let wanted): program.append(.wordBoundary(wanted))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .choice(let nodes): try emitChoice(nodes)
        case .group(let number, let inner):
            if let number { program.append(.save(number * 2)) }
            try emit(inner)
            if let number { program.append(.save(number * 2 + 1)) }
        case .repetition(let inner, let least, let most, let isGreedy):
            for _ in 0..<least { try emit(inner) }
            if let most {
                try emitOptional(inner, times: most - least, isGreedy)
            } else {
                let loop = program.count
                program.append(.jump(0))
                try emit(inner)
                program.append(.jump(loop))
                program[loop] = split(loop + 1, program.count, isGreedy)
            }
        }
    }

    private func split(_ inner: Int, _ after: Int, _ isGreedy: Bool) -> LinePattern.Instruction {
        isGreedy ? .split(inner, after) : .split(after, inner)
    }

    private mutating func emitOptional(
        _ inner: PatternNode, times: Int, _ isGreedy: Bool
    ) throws(LinePattern.Fault) {
        var exits: [Int] = []
        for _ in 0..<max(0, times) {
            exits.append(program.count)
            program.append(.jump(0))
            try emit(inner)
        }
        for exit in exits { program[exit] = split(exit + 1, program.count, isGreedy) }
    }

    private mutating func emitChoice(_ nodes: [PatternNode]) throws(LinePattern.Fault) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try emit(node)
                break
            }
            let branch = program.count
            program.append(.jump(0))
            try emit(node)
            ends.append(program.count)
            program.append(.jump(0))
            program[branch] = .split(branch + 1, program.count)
        }
        for end in ends { program[end] = .jump(program.count) }
    }
}
