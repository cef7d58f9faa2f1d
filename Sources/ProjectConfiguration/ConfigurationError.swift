/// What is wrong with a configuration file, and where.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// From 1.
    public var line: Int
    /// In characters, from 1.
    public var column: Int
    public var message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// As compilers print it: `.cofferdam.yaml:3:5: …`.
    public var description: String { "\(file):\(line):\(column): \(message)" }
}
