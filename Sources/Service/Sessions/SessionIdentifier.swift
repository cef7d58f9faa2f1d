/// Names of sessions: short enough to type, random enough not to be guessed or to meet.
enum SessionIdentifier {
    private static let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")

    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return "s" + String((0..<11).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
    }
}
