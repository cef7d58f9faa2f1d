/// Takes terminal control out of a stream of text; keeps its place in an escape sequence between pieces.
///
/// Sequences are dropped as ECMA-48 delimits them: CSI up to its final byte, OSC and other strings up to BEL or ST.
public struct OutputCleaner: Sendable {
    private enum State: Sendable { case text, escape, sequence, string, stringEscape, carriageReturn }

    /// A string sequence longer than this is no title or link: what follows is text again.
    static let longestString = 4096

    private var state = State.text
    private var stringLength = 0

    public init() {}

    /// The next piece of the stream.
    public mutating func clean(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { consume(scalar, into: &result) }
        return String(result)
    }

    private mutating func consume(_ scalar: Unicode.Scalar, into result: inout String.UnicodeScalarView) {
        switch state {
        case .carriageReturn:
            state = .text
            // A line end of `\r\n` is one; a lone `\r` (a progress bar) begins a new line.
            result.append("\n")
            if scalar != "\n" { consumeText(scalar, into: &result) }
        case .text: consumeText(scalar, into: &result)
        case .escape: consumeEscape(scalar)
        case .sequence:
            if (0x40...0x7E).contains(scalar.value) || scalar.value < 0x20 { state = .text }
            if scalar == "\n" { result.append(scalar) }
        case .string:
            stringLength += 1
            if scalar.value == 0x07 || scalar.value == 0x9C || stringLength > Self.longestString {
                state = .text
            } else if scalar.value == 0x1B {
                state = .stringEscape
            }
        case .stringEscape:
            if scalar == "\\" { state = .text } else { consumeEscape(scalar) }
        }
    }

    private mutating func consumeText(_ scalar: Unicode.Scalar, into result: inout String.UnicodeScalarView) {
        switch scalar.value {
        case 0x1B: state = .escape
        case 0x9B: state = .sequence
        case 0x90, 0x98, 0x9D, 0x9E, 0x9F: beginString()
        case 0x0D: state = .carriageReturn
        case 0x09, 0x0A: result.append(scalar)
        case 0..<0x20: result.append(Unicode.Scalar(0x2400 + scalar.value) ?? "?")
        case 0x7F: result.append("\u{2421}")
        default:
            guard DisplayText.isUnsafe(scalar) else {
                result.append(scalar)
                return
            }
            result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
        }
    }

    private mutating func consumeEscape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "[": state = .sequence
        case "]", "P", "X", "^", "_": beginString()
        case _ where (0x20...0x2F).contains(scalar.value): state = .escape
        default: state = .text
        }
    }

    private mutating func beginString() {
        state = .string
        stringLength = 0
    }
}
