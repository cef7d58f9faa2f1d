/// Where in a YAML file the values of its JSON form were written.
public struct YAMLLocations: Sendable {
    public struct Position: Sendable, Equatable {
        /// From 1.
        public var line: Int
        /// In characters, from 1.
        public var column: Int

        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    private var values: [YAMLPath: Position] = [:]
    private var keys: [YAMLPath: Position] = [:]

    /// Where a value begins; of one that an alias stands for, the nearest value around it that is written here.
    public func position(of path: YAMLPath) -> Position {
        var path = path
        while true {
            if let position = values[path] { return position }
            guard let outer = path.parent else { return Position(line: 1, column: 1) }
            path = outer
        }
    }

    /// Where the key of a mapping's value begins.
    public func keyPosition(of path: YAMLPath) -> Position { keys[path] ?? position(of: path) }

    mutating func record(_ position: Position, of path: YAMLPath) { values[path] = position }
    mutating func recordKey(_ position: Position, of path: YAMLPath) { keys[path] = position }
}

/// The way to a value: `checks[0].command`.
public struct YAMLPath: Sendable, Hashable, CustomStringConvertible {
    public enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    public private(set) var steps: [Step] = []

    /// The document itself.
    public init() {}

    public subscript(key: String) -> YAMLPath { appending(.key(key)) }
    public subscript(index: Int) -> YAMLPath { appending(.index(index)) }

    var parent: YAMLPath? {
        guard !steps.isEmpty else { return nil }
        var outer = self
        outer.steps.removeLast()
        return outer
    }

    private func appending(_ step: Step) -> YAMLPath {
        var longer = self
        longer.steps.append(step)
        return longer
    }

    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += (text.isEmpty ? "" : ".") + key
            case .index(let index): text += "[\(index)]"
            }
        }
        return text.isEmpty ? "the file" : text
    }
}
