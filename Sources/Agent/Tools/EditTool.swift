import JSON
import Models
import Policy

/// `edit`: replaces text that stands exactly once.
struct EditTool: Tool {
    let effect = ToolEffect.edits
    let definition = ToolDefinition(
        name: "edit",
        description: "Replace a text in a file. old_text must match exactly, white space included, and stand exactly "
            + "once unless replace_all is true.",
        parameters: ToolSchema.object(
            [
                ("path", ToolSchema.string("File, relative to the workspace.")),
                ("old_text", ToolSchema.string("The text to replace, with enough context to be unique.")),
                ("new_text", ToolSchema.string("What stands there afterwards.")),
                ("replace_all", ToolSchema.boolean("Replace every occurrence.")),
            ], required: ["path", "old_text", "new_text"]))

    func prepare(_ arguments: JSON, _ context: ToolContext) throws(ToolFailure) -> PreparedCall {
        let arguments = try ToolArguments(
            arguments, tool: "edit", known: ["path", "old_text", "new_text", "replace_all"])
        let path = try context.path(try arguments.string("path"))
        guard !path.isEmpty else { throw ToolFailure("edit: `path` must name a file.") }
        let old = Array(try arguments.string("old_text").utf8)
        let new = Array(try arguments.string("new_text").utf8)
        let all = try arguments.bool("replace_all")
        guard !old.isEmpty else { throw ToolFailure("edit: `old_text` is empty; use write to create a file.") }
        guard old != new else { throw ToolFailure("edit: `old_text` and `new_text` are the same.") }
        return FileChange(path: path, context: context, tool: "edit", title: "Edit: \(path)") { current in
            guard let current else { throw ToolFailure("\(path) does not exist; use write to create it.") }
            let places = Self.occurrences(of: old, in: current)
            guard !places.isEmpty else {
                throw ToolFailure(
                    "edit: `old_text` does not stand in \(path). Read the file and copy the text exactly.")
            }
            guard places.count == 1 || all else {
                let lines = places.prefix(5).map { place in
                    String(current[..<place].count { $0 == UInt8(ascii: "\n") } + 1)
                }
                throw ToolFailure(
                    "edit: `old_text` stands \(places.count) times in \(path) (lines \(lines.joined(separator: ", "))); "
                        + "add context to make it unique, or set replace_all.")
            }
            var result: [UInt8] = []
            var position = 0
            for place in places {
                result += current[position..<place]
                result += new
                position = place + old.count
            }
            return result + current[position...]
        }.prepared
    }

    /// Places of `needle`, not overlapping.
    static func occurrences(of needle: [UInt8], in text: [UInt8]) -> [Int] {
        guard !needle.isEmpty, text.count >= needle.count else { return [] }
        // Knuth, Morris and Pratt: linear even where nearly everything matches.
        var fallback = [Int](repeating: 0, count: needle.count)
        var length = 0
        for index in needle.indices.dropFirst() {
            while length > 0, needle[index] != needle[length] { length = fallback[length - 1] }
            if needle[index] == needle[length] { length += 1 }
            fallback[index] = length
        }
        var places: [Int] = []
        length = 0
        for index in text.indices {
            while length > 0, text[index] != needle[length] { length = fallback[length - 1] }
            if text[index] == needle[length] { length += 1 }
            if length == needle.count {
                places.append(index + 1 - length)
                length = 0
            }
        }
        return places
    }
}
